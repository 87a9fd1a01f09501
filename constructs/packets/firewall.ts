import { IConstruct } from "constructs";
import { canBeLimited, Contribution, IMachine, Machine, networkOf, PortClaim } from "../machine";
import { iptablesFiles, iptablesFolder, IPTABLES_UNIT } from "./iptables-folder";
import { usersOf } from "./port-users";
import { firewallRules, LimitedPort } from "./render/firewall";
import { IptablesRules } from "./render/iptables";
import { addPublishedLimits, PublishedPorts } from "./render/published";

const firewalls = new WeakMap<IMachine, Firewall>();

/**
 * Firewall of a machine, made of the ports that its roles claim: a port with {@link PortClaim.from} is open to these addresses and to the machine
 * itself. So is a port that real servers of directors have, to the directors in front and to the other machines of the Consul cluster. A port
 * that no role claims stays as it was, ssh included.
 *
 * Machines with an agent of {@link AgentProfile.PRODUCTION} have one. It is iptables rules in a chain of their own, `VIPSTACK-FIREWALL`, which
 * come back by themselves where something else removes them. Ports of jobs, which Docker may publish, are behind it where
 * {@link NomadClientOptions.portClients} says who may reach them.
 */
export class Firewall {
  /**
   * The one of a machine, made where there is none yet. On a machine that the program only knows it has no effect.
   *
   * @param role that asks; the first one is named in conflicts
   */
  static of(machine: IMachine, role: IConstruct): Firewall {
    const known = firewalls.get(machine);
    if (known !== undefined) return known;
    const made = new Firewall(machine, role);
    firewalls.set(machine, made);
    return made;
  }

  private readonly members: (() => readonly string[])[] = [];
  private readonly published: ((claims: readonly PortClaim[]) => PublishedPorts)[] = [];
  private readonly units = new Set<string>();

  private constructor(
    private readonly machine: IMachine,
    role: IConstruct,
  ) {
    if (Machine.isMachine(machine))
      machine.model._contributeFirewall(role.node.path, (claims) => this.contribution(claims));
  }

  /** Adds addresses whose machines may reach the ports of real servers: those of its cluster, read at synth. @internal */
  _admit(members: () => readonly string[]): void {
    this.members.push(members);
  }

  /** Limits ports that may lead into containers, read at synth from the ports that the machine's roles claim. @internal */
  _limitPublished(draw: (claims: readonly PortClaim[]) => PublishedPorts): void {
    this.published.push(draw);
  }

  /** Lets a unit start after the rules at each boot. @internal */
  _precede(unit: string): void {
    this.units.add(unit);
  }

  private contribution(claims: readonly PortClaim[]): Contribution {
    const ports = claims.flatMap((claim) => this.limited(claim));
    const published = this.published.map((draw) => draw(claims)).filter((each) => each.ports.length > 0);
    if (ports.length === 0 && published.length === 0) return {};
    const folder = iptablesFolder();
    const { units } = this;
    const order = {
      path: `/etc/systemd/system/${IPTABLES_UNIT}.d/vipstack-firewall.conf`,
      content: `[Unit]\nBefore=${[...units].sort().join(" ")}\n`,
    };
    return {
      ...folder,
      files: [...(folder.files ?? []), ...(units.size > 0 ? [order] : [])],
      liveFiles: iptablesFiles("firewall", rulesOf(ports, published, 4), rulesOf(ports, published, 6)),
    };
  }

  private limited(claim: PortClaim): LimitedPort[] {
    const from = claim.from ?? this.users(claim);
    return from === undefined ? [] : [{ ...claim, from: from.flatMap((peer) => networkOf(peer) ?? []) }];
  }

  /** Those of a real server, where all of them are known. Other parts of the cluster may use its service, too. */
  private users(claim: PortClaim): readonly string[] | undefined {
    const users = canBeLimited(claim) ? usersOf(this.machine, claim) : undefined;
    return users && [...users, ...this.members.flatMap((members) => members())];
  }
}

function rulesOf(ports: readonly LimitedPort[], published: readonly PublishedPorts[], family: 4 | 6): IptablesRules {
  const rules = firewallRules(ports, family);
  for (const each of published) addPublishedLimits(rules, each, family);
  return rules;
}
