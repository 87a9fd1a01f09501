import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { Construct } from "constructs";
import { ClusterStack, ClusterStackProps, HttpCluster } from "./cluster-stack";

export interface PlatformStackProps extends ClusterStackProps {
  readonly consul: HttpCluster;
}

/** What is in Consul: keys, config entries, nodes and services without an agent. */
export class PlatformStack extends ClusterStack {
  constructor(scope: Construct, id: string, { consul, ...props }: PlatformStackProps) {
    super(scope, id, "consul", consul, props);
    new ConsulProvider(this, "provider", { address: this.address });
  }
}
