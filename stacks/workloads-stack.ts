import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { Construct } from "constructs";
import { ClusterStack, ClusterStackProps, HttpCluster } from "./cluster-stack";

export interface WorkloadsStackProps extends ClusterStackProps {
  readonly nomad: HttpCluster;
}

/** What runs on Nomad: jobs. Where a job's template reads a key of Consul, say `after: [platform]`: Terraform can't see it. */
export class WorkloadsStack extends ClusterStack {
  constructor(scope: Construct, id: string, { nomad, ...props }: WorkloadsStackProps) {
    super(scope, id, "nomad", nomad, props);
    new NomadProvider(this, "provider", { address: this.address });
  }
}
