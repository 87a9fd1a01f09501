import { Construct } from "constructs";
import { JobCluster, provideCluster } from "../nomad";
import { providerBinding } from "../private/provider";
import { PlatformStack } from "./platform-stack";
import { ClusterStack, ClusterStackProps, HttpCluster } from "./cluster-stack";

/** Properties of a stack of Nomad jobs. */
export interface WorkloadsStackProps extends ClusterStackProps {
  /** Nomad cluster that runs the jobs. */
  readonly nomad: HttpCluster & JobCluster;
}

/**
 * Nomad jobs. Needs Terraform's Nomad provider. The stack is deployed after the same deployment's {@link PlatformStack}, because templates
 * of jobs read keys of Consul, and Terraform can't see that.
 */
export class WorkloadsStack extends ClusterStack {
  constructor(scope: Construct, id: string, { nomad, ...props }: WorkloadsStackProps) {
    super(scope, id, "nomad", nomad, props);
    // Jobs are checked against it: how many clients there are, and which host ports they give away.
    provideCluster(this, nomad);
    const { NomadProvider } = providerBinding(this, "@cdktf/provider-nomad/lib/provider");
    new NomadProvider(this, "provider", {
      address: this.address,
      ...this._certificate,
      secretId: this._secrets?.token.valueIn(this),
    });
  }

  /** @internal */
  override prepareStack(): void {
    const platforms = this.node.root.node.findAll().filter((each) => PlatformStack.isPlatformStack(each));
    for (const platform of platforms.filter(({ deployment }) => deployment === this.deployment))
      // One that is to come after these jobs has said so.
      if (!platform.dependsOn(this)) this.addDependency(platform);
    super.prepareStack();
  }
}
