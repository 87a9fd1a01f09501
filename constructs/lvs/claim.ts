import { Protocol } from "./protocol";

/** A port of the director that is taken by a virtual service or a redirect. */
export interface Claim {
  readonly owner: string;
  readonly protocol: Protocol;
  /** 0: all that no other claim takes. */
  readonly port: number;
  /** @default - every address */
  readonly address?: string;
  /** The firewall mark of its packets. @default - none */
  readonly mark?: number;
}

type Wanted = Pick<Claim, "protocol" | "port" | "address">;

/** The ports of a director that are taken, found by what they are. */
export class Claims {
  private readonly claims: Claim[] = [];
  /** The first of each: by port and address, by port whatever the address, and by port of those for every address. */
  private readonly first = new Map<string, Claim>();
  private readonly marks = new Map<string, Claim>();

  get all(): readonly Claim[] {
    return this.claims;
  }

  add(claim: Claim): void {
    const { address, mark } = claim;
    this.claims.push(claim);
    for (const key of [keyOf(claim, address ?? "every"), keyOf(claim, "any")])
      if (!this.first.has(key)) this.first.set(key, claim);
    const marked = `${mark ?? ""} ${familyOf(claim)}`;
    if (mark !== undefined && !this.marks.has(marked)) this.marks.set(marked, claim);
  }

  /** A claim that the wanted one meets. */
  met(wanted: Wanted): Claim | undefined {
    const { address } = wanted;
    if (address === undefined) return this.first.get(keyOf(wanted, "any"));
    return this.first.get(keyOf(wanted, address)) ?? this.first.get(keyOf(wanted, "every"));
  }

  /** A claim with that firewall mark; IPv4 and IPv6 have marks of their own. */
  markMet(mark: number, families: ReadonlySet<4 | 6>): Claim | undefined {
    return [...families].map((family) => this.marks.get(`${mark} ${family}`)).find((claim) => claim !== undefined);
  }
}

function keyOf({ protocol, port }: Wanted, address: string): string {
  return `${protocol} ${port} ${address}`;
}

function familyOf({ address }: Claim): 4 | 6 {
  return address?.includes(":") ? 6 : 4;
}
