import { Construct, IConstruct } from "constructs";
import { agentSecretsProgram } from "../agents";
import { backendAddresses, Contribution, IMachine } from "../machine";
import { CertificateAuthority, ClientSecrets, RandomSecret, SignedCertificate } from "../secrets";
import { ConsulAccess } from "./access";
import { announcedServices } from "./consul-service";
import { agentRules, terraformRules } from "./render/access";
import { AGENT_TOKEN, CONSUL_SECRETS, consulGossipText, consulTokensText, MANAGEMENT_TOKEN } from "./render/agent";
import { neededRules } from "./terraform-access";

/**
 * Key and certificates of a datacenter whose agents trust no other host: each has its own certificate, all have the gossip key.
 *
 * @see https://developer.hashicorp.com/consul/docs/secure/encryption/gossip/enable
 * @see https://developer.hashicorp.com/consul/docs/secure/encryption/tls/mtls
 */
export class ConsulSecurity {
  /** Who may do what. */
  readonly access: ConsulAccess;
  private readonly gossipKey: RandomSecret;
  private readonly authority: CertificateAuthority;

  constructor(
    private readonly scope: Construct,
    private readonly datacenter: string,
    private readonly operators: readonly string[] | undefined,
  ) {
    this.gossipKey = new RandomSecret(scope, "gossip-key");
    this.access = new ConsulAccess(scope, this.gossipKey);
    this.authority = new CertificateAuthority(scope, "authority", { commonName: `Consul ${datacenter}` });
  }

  /** From where operators reach a machine: addresses and networks. @internal */
  _operatorsOf(machine: IMachine): readonly string[] {
    return [...backendAddresses(machine), ...(this.operators ?? machine.addresses.map(({ subnet }) => subnet))];
  }

  /** What a machine gets for its agent. @param address that other agents know @internal */
  _of(machine: IMachine, role: "server" | "client", address: string): Contribution {
    const name = `${role}.${this.datacenter}.consul`;
    const certificate = new SignedCertificate(this.scope, `certificate-${machine.name}`, {
      authority: this.authority,
      commonName: name,
      dnsNames: [name, `${machine.name}.node.${this.datacenter}.consul`, "localhost"],
      ipAddresses: [address, "127.0.0.1"],
    });
    const reloads = "consul.service";
    const { gossip, authority, tokens, certificate: own } = CONSUL_SECRETS;
    const agent = this.access.grant(`agent-${machine.name}`, () => agentRules(machine.name)).valueIn(machine);
    const management = role === "server" ? this.access.management.valueIn(machine) : undefined;
    return {
      files: [agentSecretsProgram()],
      secrets: [
        { path: AGENT_TOKEN, content: agent, reloads },
        ...(management === undefined ? [] : [{ path: MANAGEMENT_TOKEN, content: management, reloads }]),
        { path: tokens, content: consulTokensText({ agent, management }), reloads },
        { path: gossip, content: consulGossipText(this.gossipKey.valueIn(machine)), reloads },
        { path: authority, content: this.authority.valueIn(machine), reloads },
        { path: own, content: certificate.valueIn(machine), reloads },
      ],
    };
  }

  /** What Terraform gets for a stack of Consul objects: a certificate of its own, and a token for these objects alone. @internal */
  _ofStack(stack: IConstruct): ClientSecrets {
    const name = `terraform-${stack.node.id}`;
    const certificate = new SignedCertificate(this.scope, `certificate-${name}`, {
      authority: this.authority,
      commonName: name,
      dnsNames: [`${name}.${this.datacenter}.consul`],
    });
    const token = this.access.grant(name, () => terraformRules(neededRules(stack), announcedServices(stack.node.root)));
    return { authority: this.authority, certificate, token };
  }
}
