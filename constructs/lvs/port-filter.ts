import { Construct } from "constructs";
import { networkOf } from "../machine";
import { IptablesRules, SLOTS, slotsOf } from "../packets";
import { Validation } from "../private/validation";
import { familyOf, Protocol } from "./spec";
import { requireKnown } from "./values";

/** Action of a port filter. */
export enum FilterAction {
  /** Drops the packet; the sender gets no answer. */
  DROP = "DROP",
  /** Rejects the packet; the sender gets an error at once. */
  REJECT = "REJECT",
  /** Accepts the packet; later rules do not apply. */
  ACCEPT = "ACCEPT",
}

/** Chain of iptables that a filter belongs to. */
export enum FilterChain {
  /** Packets to the director itself; IPVS takes its connections after this chain. */
  INPUT = "INPUT",
  /** Packets that pass through the director, those of the iptables plane's virtual services included. */
  FORWARD = "FORWARD",
}

/** Options of a port filter. */
export interface PortFilterOptions {
  /** Destination ports, single or `first:last`: `["21:25", "135:139"]`. At most 15 slots, of which a range takes two. */
  readonly ports: readonly string[];
  /** Action for packets to these ports. */
  readonly action: FilterAction;
  /** Transport protocol. @default Protocol.TCP */
  readonly protocol?: Protocol;
  /** Chain of iptables. @default FilterChain.INPUT */
  readonly chain?: FilterChain;
  /** Only packets from this address or network. @default - from anywhere, IPv4 and IPv6 */
  readonly source?: string;
}

/**
 * One firewall rule that closes or opens ports; made by `Director.addPortFilter`. Filters come before everything else that the
 * director lets pass, in the order in which they were added.
 *
 * @see https://manpages.debian.org/iptables-extensions.8
 */
export class PortFilter extends Construct {
  /** @internal */
  static _on(director: Construct, id: string, options: PortFilterOptions): PortFilter {
    return new PortFilter(director, id, options);
  }

  private readonly options: PortFilterOptions;

  private constructor(scope: Construct, id: string, options: PortFilterOptions) {
    super(scope, id);
    this.options = options;
    const { ports, source } = options;
    const validation = new Validation(this);
    requireKnown(validation, { ...options });
    validation.require(ports.length > 0, {
      property: "ports",
      rule: "must name at least one port",
      cure: 'for example ["21:25"]',
    });
    for (const port of ports.filter((text) => !isPortOrRange(text))) {
      validation.add({
        property: "ports",
        rule: "must hold ports from 0 to 65535 or ranges of them",
        got: port,
        cure: "write '80' or '21:25', the smaller port first",
      });
    }
    const slots = ports.reduce((sum, port) => sum + slotsOf(port), 0);
    validation.require(slots <= SLOTS, {
      property: "ports",
      rule: `must fit into ${SLOTS} slots, of which a range takes two`,
      got: slots,
      cure: "make a second filter for the rest",
    });
    validation.require(source === undefined || networkOf(source) !== undefined, {
      property: "source",
      rule: "must be an address or a network",
      got: source,
      cure: "write it like '10.0.0.7' or '10.0.0.0/24'",
    });
    validation.passes();
  }

  /** @internal */
  _addRules(rules: IptablesRules, family: 4 | 6): void {
    const { ports, action, chain = FilterChain.INPUT, protocol = Protocol.TCP, source } = this.options;
    if (source !== undefined && familyOf(source) !== family) return;
    const from = source === undefined ? [] : [`-s ${networkOf(source) ?? source}`];
    const rule = [...from, `-p ${protocol} -m multiport --dports ${ports.join(",")}`, `-j ${action}`].join(" ");
    rules.add("filter", chain, rule);
  }
}

function isPortOrRange(text: string): boolean {
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return false;
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  return first <= last && last <= 65535;
}
