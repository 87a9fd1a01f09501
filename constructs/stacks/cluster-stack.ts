import { TerraformStack } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { ProviderDeployment, ProviderName, ProviderSecrets } from "../deployment";
import { IBackend } from "../machine";
import { refuse } from "../private/validation";
import { ClientSecrets } from "../secrets";
import { Inventory } from "./inventory";
import { MachinesStack } from "./machines-stack";
import { stateFolderOf } from "./state-folder";

/** A cluster with an HTTP interface: one that the program makes, or one that exists (`NomadServer.fromNomadServerAttributes`). */
export interface HttpCluster extends IConstruct {
  /** URL of its HTTP API, as the machines reach it: `http://192.168.139.24:8500`. */
  readonly httpAddress: string;
  /** @internal */
  readonly _security?: { _ofStack(stack: IConstruct): ClientSecrets };
}

/** Properties of a stack of Consul objects or Nomad jobs. */
export interface ClusterStackProps {
  /** Inventory whose forwards lead to the agent. @default - that of the machines stack that has the cluster */
  readonly inventory?: Inventory;
  /**
   * Further stacks to deploy before this one. The stack of the cluster's machines always comes before, and the stack of Consul objects before
   * that of jobs.
   *
   * @default - none
   */
  readonly after?: readonly TerraformStack[];
}

/** What the stacks of Consul objects and of Nomad jobs have in common: state, order, and the address of their agent. */
export abstract class ClusterStack extends TerraformStack {
  /** The agent's HTTP interface as this host reaches it, in a browser too. */
  readonly address: string;
  /** The deployment that it is part of. */
  readonly deployment: string;
  /** What Terraform shows the agent. @default - it asks for nothing @internal */
  protected readonly _secrets?: ClientSecrets;

  protected constructor(
    scope: Construct,
    id: string,
    provider: ProviderName,
    cluster: HttpCluster,
    { inventory, after = [] }: ClusterStackProps,
  ) {
    super(scope, id);
    const machines = cluster.node.scopes.find(isStack);
    const used = inventory ?? (MachinesStack.isMachinesStack(machines) ? machines.inventory : undefined);
    if (used === undefined) {
      refuse(this, [
        {
          property: "inventory",
          rule: `must be given, because ${cluster.node.path} is in no MachinesStack`,
          cure: "give that of the deployment, whose name the state folder has",
        },
      ]);
      this.deployment = "";
      this.address = cluster.httpAddress;
      return;
    }
    // Terraform sees no reference between the stacks: only strings go from one to the other.
    for (const stack of [machines, ...after]) if (stack !== undefined) this.addDependency(stack);
    this.deployment = used.name;
    const sameDeployment = (each: IConstruct) =>
      MachinesStack.isMachinesStack(each) && each.inventory.name === used.name ? [each.backend] : [];
    const [backend] = this.node.root.node.findAll().flatMap(sameDeployment);
    this.address = providerAddress(this, backend, cluster.httpAddress);
    this._secrets = cluster._security?._ofStack(this);
    new ProviderDeployment(this, "deployment", {
      name: used.name,
      provider,
      address: this.address,
      stateFolder: stateFolderOf(used),
      machines: machines?.node.id,
      ...(this._secrets && { secrets: variablesOf(this._secrets) }),
    });
  }

  /** The provider's own certificate. Empty where the agent wants none. @internal */
  protected get _certificate(): Partial<Record<"caPem" | "certPem" | "keyPem", string>> {
    if (this._secrets === undefined) return {};
    const { authority, certificate } = this._secrets;
    const pair = certificate.valueIn(this);
    // Its text holds both, and the provider takes from it what it needs.
    return { caPem: authority.valueIn(this), certPem: pair, keyPem: pair };
  }
}

function variablesOf({ authority, certificate, token }: ClientSecrets): ProviderSecrets {
  return { authority: authority.variable, certificate: certificate.variable, token: token.variable };
}

function isStack(construct: IConstruct): construct is TerraformStack {
  return TerraformStack.isStack(construct);
}

/**
 * Where this host reaches an agent's HTTP interface; a constant of synth, since Terraform can't plan with a provider whose
 * address comes from a resource.
 *
 * @param httpAddress as the machines reach it: `http://192.168.139.24:8500`
 */
function providerAddress(stack: IConstruct, backend: IBackend | undefined, httpAddress: string): string {
  if (backend?.fromHost === undefined) return httpAddress;
  const { host, port, protocol } = new URL(httpAddress);
  const reached = backend.fromHost(host);
  if (reached !== undefined) return `${protocol}//${reached}`;
  refuse(stack, [
    {
      property: "inventory.forwards",
      rule: `must lead from this host to ${httpAddress}, which is inside ${backend.node.path}`,
      cure: `add { listen: ${port}, to: "${host}" }`,
    },
  ]);
  return httpAddress;
}
