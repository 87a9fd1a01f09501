import { Construct } from "constructs";
import { ProvidedConsul, provideConsul } from "../consul";
import { providerBinding } from "../private/provider";
import { ClusterStack, ClusterStackProps, HttpCluster } from "./cluster-stack";

export interface PlatformStackProps extends ClusterStackProps {
  readonly consul: HttpCluster & ProvidedConsul;
}

/** What is in Consul: keys, config entries, nodes and services without an agent. */
export class PlatformStack extends ClusterStack {
  constructor(scope: Construct, id: string, { consul, ...props }: PlatformStackProps) {
    super(scope, id, "consul", consul, props);
    // What is in it has to fit its version.
    provideConsul(this, consul);
    const { ConsulProvider } = providerBinding(this, "@cdktf/provider-consul/lib/provider");
    new ConsulProvider(this, "provider", { address: this.address });
  }
}
