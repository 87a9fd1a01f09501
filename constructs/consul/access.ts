import { createHash } from "node:crypto";
import { join } from "node:path";
import { Construct, IConstruct } from "constructs";
import { agentAccessModule } from "../agents";
import { Contribution, nodeProgram } from "../machine";
import { RandomSecret, SecretEncoding } from "../secrets";
import { ACCESS_FILE, AccessRule, accessUnitText, policyText } from "./render/access";

/** What one role may do. */
interface Grant {
  readonly token: RandomSecret;
  readonly rules: () => readonly AccessRule[];
}

/**
 * Who may do what in a datacenter whose agents deny everything else: a token and a policy for each role, derived from what it does.
 * The policies are made by the servers themselves, again and again until they are true, so no deployment has to be there.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/acl/rule
 */
export class ConsulAccess {
  /** The token that may do everything: of operators and of the servers' own program. */
  readonly management: RandomSecret;
  private readonly grants = new Map<string, Grant>();

  constructor(
    private readonly scope: Construct,
    private readonly gossipKey: RandomSecret,
  ) {
    this.management = new RandomSecret(scope, "management-token", { encoding: SecretEncoding.UUID });
  }

  /**
   * The token of a role.
   *
   * @param name of the policy, unique in the datacenter
   * @param rules what it may do; read at synth
   */
  grant(name: string, rules: () => readonly AccessRule[]): RandomSecret {
    const known = this.grants.get(name);
    if (known !== undefined) return known.token;
    const token = new RandomSecret(this.scope, `token-${name}`, { encoding: SecretEncoding.UUID });
    // The servers have it, too: their stack gets the variable now, since at synth it would be too late.
    token.valueIn(this.scope);
    this.grants.set(name, { token, rules });
    return token;
  }

  /** What a server gets. @internal */
  _ofServer(scope: IConstruct): Contribution {
    return {
      files: [agentAccessModule(), nodeProgram("consul-access", join(__dirname, "programs", "consul-access.py"))],
      units: [{ name: "vipstack-consul-access.service", content: accessUnitText, wait: false }],
      secrets: [{ path: ACCESS_FILE, content: this.text(scope), reloads: "vipstack-consul-access.service" }],
    };
  }

  private text(scope: IConstruct): string {
    const grants = [...this.grants].sort(([a], [b]) => (a < b ? -1 : 1));
    const tokens = grants.map(([name, { token }]) => [
      accessorOf(token.variable),
      { secret: token.valueIn(scope), description: name, policies: [name] },
    ]);
    const access = {
      management: this.management.valueIn(scope),
      gossip: this.gossipKey.valueIn(scope),
      policies: Object.fromEntries(grants.map(([name, { rules }]) => [name, policyText(rules())])) as Record<
        string,
        string
      >,
      tokens: Object.fromEntries(tokens) as Record<string, object>,
    };
    return `${JSON.stringify(access, null, 2)}\n`;
  }
}

/** The public name of a token: the same at each synth, in the form of a UUID of version 8. */
function accessorOf(variable: string): string {
  const hash = createHash("sha256").update(variable).digest("hex");
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
