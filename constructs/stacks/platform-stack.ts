import { Construct } from "constructs";
import { ProvidedConsul, provideConsul } from "../consul";
import { isMarked, mark } from "../private/mark";
import { providerBinding } from "../private/provider";
import { ClusterStack, ClusterStackProps, HttpCluster } from "./cluster-stack";

const PLATFORM_STACK = "PlatformStack";

/** Properties of a stack of Consul objects. */
export interface PlatformStackProps extends ClusterStackProps {
  /** Consul cluster to which the objects are written. */
  readonly consul: HttpCluster & ProvidedConsul;
}

/** Objects in Consul: keys, config entries, nodes and services without an agent. Needs Terraform's Consul provider. */
export class PlatformStack extends ClusterStack {
  /** Whether a construct is a stack of Consul objects, also of another copy of this package. */
  static isPlatformStack(construct: unknown): construct is PlatformStack {
    return isMarked(construct, PLATFORM_STACK);
  }

  constructor(scope: Construct, id: string, { consul, ...props }: PlatformStackProps) {
    super(scope, id, "consul", consul, props);
    mark(this, PLATFORM_STACK);
    // What is in it has to fit its version.
    provideConsul(this, consul);
    const { ConsulProvider } = providerBinding(this, "@cdktf/provider-consul/lib/provider");
    new ConsulProvider(this, "provider", {
      address: this.address,
      ...this._certificate,
      token: this._secrets?.token.valueIn(this),
    });
  }
}
