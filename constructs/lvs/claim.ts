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

/** The first claim among `claims` that the wanted one meets. */
export function claimMet(
  claims: readonly Claim[],
  wanted: Pick<Claim, "protocol" | "port" | "address">,
): Claim | undefined {
  return claims.find(
    ({ protocol, port, address }) =>
      protocol === wanted.protocol &&
      port === wanted.port &&
      (address === undefined || wanted.address === undefined || address === wanted.address),
  );
}

/** The first claim among `claims` with that firewall mark; IPv4 and IPv6 have marks of their own. */
export function markClaimMet(claims: readonly Claim[], mark: number, families: ReadonlySet<4 | 6>): Claim | undefined {
  return claims.find((claim) => claim.mark === mark && families.has(claim.address?.includes(":") ? 6 : 4));
}
