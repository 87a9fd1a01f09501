import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { Construct } from "constructs";
import { JobCluster, provideCluster } from "../constructs";
import { ClusterStack, ClusterStackProps, HttpCluster } from "./cluster-stack";

export interface WorkloadsStackProps extends ClusterStackProps {
  readonly nomad: HttpCluster & JobCluster;
}

/** What runs on Nomad: jobs. Where a job's template reads a key of Consul, say `after: [platform]`: Terraform can't see it. */
export class WorkloadsStack extends ClusterStack {
  constructor(scope: Construct, id: string, { nomad, ...props }: WorkloadsStackProps) {
    super(scope, id, "nomad", nomad, props);
    // Jobs are checked against it: how many clients there are, and which host ports they give away.
    provideCluster(this, nomad);
    new NomadProvider(this, "provider", { address: this.address });
  }
}
