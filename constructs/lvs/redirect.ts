import { Construct } from "constructs";
import { normalizeAddress } from "../machine";
import { IptablesRules } from "../packets";
import { Validation } from "../private/validation";
import { TakenPorts } from "./endpoint";
import { familyOf, hostNetwork, Protocol } from "./spec";
import { Host } from "./topology";
import { requireKnown } from "./values";
import { isMarked, mark } from "../private/mark";

/** Options of a redirect. */
export interface RedirectOptions {
  /** Port that clients connect to, 1 to 65535. */
  readonly port: number;
  /** First and last local port, 1 to 65535; new connections are spread over the range. For a single port give the number twice. */
  readonly toPorts: readonly [first: number, last: number];
  /** Transport protocol. @default Protocol.TCP */
  readonly protocol?: Protocol;
  /** Only connections to this address of the director. @default - connections to any of its addresses */
  readonly address?: string;
}

/**
 * Redirects connections to a port of the director to a range of its own ports; made by `Director.addRedirect`.
 *
 * @see https://manpages.debian.org/iptables-extensions.8
 */
export class Redirect extends Construct {
  /** Whether it is a redirect, of any copy of this package. */
  static isRedirect(x: unknown): x is Redirect {
    return isMarked(x, "Redirect");
  }

  /** @internal */
  static _on(director: Construct, id: string, options: RedirectOptions, takenPorts: TakenPorts): Redirect {
    return new Redirect(director, id, options, takenPorts);
  }

  /** Port that clients connect to. */
  readonly port: number;
  /** First and last local port. */
  readonly toPorts: readonly [first: number, last: number];
  /** Transport protocol. */
  readonly protocol: Protocol;
  /** Address of the director that clients connect to. @default - any of its addresses */
  readonly address?: string;

  private constructor(scope: Construct, id: string, options: RedirectOptions, takenPorts: TakenPorts) {
    super(scope, id);
    mark(this, "Redirect");
    this.port = options.port;
    this.toPorts = options.toPorts;
    this.protocol = options.protocol ?? Protocol.TCP;
    this.address = options.address === undefined ? undefined : (normalizeAddress(options.address) ?? options.address);

    const [first, last] = this.toPorts;
    const taken = takenPorts.at(this);
    const validation = new Validation(this);
    requireKnown(validation, { ...options });
    validation.integer("port", this.port, 1, 65535, "choose the port that clients connect to");
    for (const port of new Set(this.toPorts)) validation.integer("toPorts", port, 1, 65535, "choose local ports");
    validation.require(!(first > last), {
      property: "toPorts",
      rule: "must name the first port, then the last one",
      got: this.toPorts,
      cure: `write [${last}, ${first}]`,
    });
    validation.require(this.address === undefined || normalizeAddress(this.address) !== undefined, {
      property: "address",
      rule: "must be an IPv4 or IPv6 address",
      got: this.address,
      cure: "write it like '192.168.139.29', or leave it out for every address of the director",
    });
    validation.require(taken === undefined, {
      property: "port",
      rule: `can't be redirected, because ${taken?.owner ?? ""} answers for it`,
      got: this.port,
      cure: "choose another port, or an 'address' of its own for each of the two",
    });
    validation.passes();
  }

  /** @internal */
  _addRules(rules: IptablesRules, family: 4 | 6, director: Host): void {
    const { protocol, port, address, toPorts } = this;
    const own = address === undefined ? director.addresses : [{ family: familyOf(address) }];
    if (!own.some((each) => each.family === family)) return;
    const [first, last] = toPorts;
    const redirect = [
      ...(address === undefined ? [] : [`-d ${hostNetwork(address)}`]),
      `-p ${protocol} -m ${protocol} --dport ${port}`,
      ...(address === undefined ? ["-m addrtype --dst-type LOCAL"] : []),
      `-j REDIRECT --to-ports ${first === last ? first : `${first}-${last}`}`,
    ].join(" ");
    for (const chain of ["PREROUTING", "OUTPUT"]) rules.add("nat", chain, redirect);
    const toRange = `-p ${protocol} -m ${protocol} --dport ${first === last ? first : `${first}:${last}`}`;
    rules.add("filter", "INPUT", `${toRange} -m conntrack --ctstate DNAT --ctorigdstport ${port} -j ACCEPT`);
  }
}
