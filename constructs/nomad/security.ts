import { join } from "node:path";
import { Construct, IConstruct } from "constructs";
import { agentAccessModule, agentSecretsProgram } from "../agents";
import { AccessRule, ConsulSecurity } from "../consul";
import { Contribution, IMachine, LazyContribution, nodeProgram } from "../machine";
import { Firewall } from "../packets";
import { CertificateAuthority, ClientSecrets, RandomSecret, SecretEncoding, SignedCertificate } from "../secrets";
import type { NomadSources } from "./agent";
import { INomadCluster, JobCluster } from "./cluster";
import { rulesOfJobs } from "./job-access";
import { ACCESS_FILE, nomadAccessText, nomadAccessUnitText } from "./render/access";
import { nomadClientRules, nomadServerRules } from "./render/consul-rules";
import {
  CONSUL_TOKEN,
  MANAGEMENT_TOKEN,
  NOMAD_SECRETS,
  nomadConsulText,
  nomadGossipText,
  SECRETS_UNIT,
  secretsUnitText,
} from "./render/security";

/**
 * Keys, certificates and tokens of a cluster whose agents trust no other host. Its authority is not Consul's: an agent of one is no agent of
 * the other.
 *
 * @see https://developer.hashicorp.com/nomad/docs/concepts/security
 */
export class NomadSecurity {
  /** The token that may do everything: of operators, of Terraform and of the servers' own program. */
  readonly management: RandomSecret;
  private readonly gossipKey: RandomSecret;
  private readonly variables = new Map<string, Readonly<Record<string, RandomSecret>>>();
  private readonly authority: CertificateAuthority;

  constructor(
    private readonly scope: Construct,
    private readonly region: string,
    private readonly consul: ConsulSecurity,
  ) {
    this.management = new RandomSecret(scope, "management-token", { encoding: SecretEncoding.UUID });
    this.gossipKey = new RandomSecret(scope, "gossip-key");
    this.authority = new CertificateAuthority(scope, "authority", { commonName: `Nomad ${region}` });
  }

  /**
   * Gives a task secrets as a variable of Nomad, which the servers themselves write: Terraform's state has none of it.
   *
   * @param path that only the task may read without a policy: `nomad/jobs/JOB/GROUP/TASK`
   * @see https://developer.hashicorp.com/nomad/docs/concepts/variables
   */
  give(path: string, items: Readonly<Record<string, RandomSecret>>): void {
    // The servers' stack gets the Terraform variables now, since at synth it would be too late.
    for (const secret of Object.values(items)) secret.valueIn(this.scope);
    this.variables.set(path, items);
  }

  /** Who may reach the agent of a machine. @internal */
  _sourcesOf(machine: IMachine, { _members: members }: INomadCluster): NomadSources {
    return { members, operators: this.consul._operatorsOf(machine) };
  }

  /** Lets the agent of a machine start after the firewall of its Consul agent. @internal */
  _limit(agent: IConstruct, machine: IMachine): void {
    Firewall.of(machine, agent)._precede("nomad.service");
  }

  /** What a machine gets as a server. @param address that other agents know @internal */
  _ofServer(machine: IMachine, address: string): LazyContribution {
    const agent = this.agent(machine, "server", address, () => nomadServerRules(machine.name));
    const management = this.management.valueIn(machine);
    const gossip = this.gossipKey.valueIn(machine);
    const reloads = "vipstack-nomad-access.service";
    return () => ({
      files: [
        ...(agent.files ?? []),
        agentAccessModule(),
        nodeProgram("nomad-access", join(__dirname, "programs", "nomad-access.py")),
        nodeProgram("nomad-operator", join(__dirname, "programs", "nomad-operator.sh")),
      ],
      units: [...(agent.units ?? []), { name: reloads, content: nomadAccessUnitText, wait: false }],
      secrets: [
        ...(agent.secrets ?? []),
        { path: NOMAD_SECRETS.gossip, content: nomadGossipText(gossip), reloads: SECRETS_UNIT },
        { path: MANAGEMENT_TOKEN, content: management, reloads },
        {
          path: ACCESS_FILE,
          content: nomadAccessText({ management, gossip, variables: this.variablesIn(machine) }),
          reloads,
        },
      ],
    });
  }

  private variablesIn(scope: IConstruct): Record<string, Record<string, string>> {
    const variables = [...this.variables].sort(([a], [b]) => (a < b ? -1 : 1));
    const valuesOf = (items: Readonly<Record<string, RandomSecret>>): Record<string, string> =>
      Object.fromEntries(Object.entries(items).map(([name, secret]) => [name, secret.valueIn(scope)]));
    return Object.fromEntries(variables.map(([path, items]) => [path, valuesOf(items)]));
  }

  /** What a machine gets as a client. @param cluster of the jobs that it runs @internal */
  _ofClient(machine: IMachine, address: string, cluster: JobCluster & IConstruct): Contribution {
    return this.agent(machine, "client", address, () => nomadClientRules(machine.name, rulesOfJobs(cluster)));
  }

  /** What Terraform gets for a stack of jobs: a certificate of its own. Nomad makes tokens by itself, all but the first. @internal */
  _ofStack(stack: IConstruct): ClientSecrets {
    const name = `terraform-${stack.node.id}`;
    const certificate = new SignedCertificate(this.scope, `certificate-${name}`, {
      authority: this.authority,
      commonName: name,
      dnsNames: [`${name}.${this.region}.nomad`],
    });
    return { authority: this.authority, certificate, token: this.management };
  }

  private agent(
    machine: IMachine,
    role: "server" | "client",
    address: string,
    rules: () => readonly AccessRule[],
  ): Contribution {
    const name = `${role}.${this.region}.nomad`;
    const certificate = new SignedCertificate(this.scope, `certificate-${machine.name}`, {
      authority: this.authority,
      commonName: name,
      dnsNames: [name, "localhost"],
      ipAddresses: [address, "127.0.0.1"],
    });
    const token = this.consul.access.grant(`nomad-${machine.name}`, rules).valueIn(machine);
    const reloads = SECRETS_UNIT;
    return {
      files: [agentSecretsProgram()],
      units: [{ name: SECRETS_UNIT, content: secretsUnitText, wait: false }],
      secrets: [
        { path: NOMAD_SECRETS.authority, content: this.authority.valueIn(machine), reloads },
        { path: NOMAD_SECRETS.certificate, content: certificate.valueIn(machine), reloads },
        { path: NOMAD_SECRETS.consul, content: nomadConsulText(token), reloads },
        { path: CONSUL_TOKEN, content: token, reloads },
      ],
    };
  }
}
