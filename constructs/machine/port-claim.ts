import { Failure } from "../private/failure";
import { networkOf, normalizeAddress } from "./subnet";
import { check } from "./text";

/** A port that a role listens on. */
export interface PortClaim {
  /** Transport protocol. */
  readonly protocol: "tcp" | "udp" | "sctp";
  /** 1 to 65535. */
  readonly port: number;
  /** Address that it listens on. @default - every address of the machine */
  readonly address?: string;
  /**
   * Addresses and networks that may open connections to it: `["10.0.0.5", "10.1.0.0/24"]`. The machine itself always may; an empty list is for the
   * machine alone. The machine needs a {@link Firewall}. TCP ports, and UDP and SCTP ports below 32768: answers come to those above.
   *
   * @default - unlimited
   */
  readonly from?: readonly string[];
}

/** The first port that the kernel gives to outgoing connections by default: answers come to it and to those above. */
const EPHEMERAL = 32768;

/** Whether a firewall that knows no connections can limit who reaches a port, and leave answers alone. */
export function canBeLimited({ protocol, port }: PortClaim): boolean {
  return protocol === "tcp" || port < EPHEMERAL;
}

export function portFailures(claim: PortClaim): Failure[] {
  const { port, address, from = [] } = claim;
  const possible = Number.isInteger(port) && port >= 1 && port <= 65535;
  const known = address === undefined || normalizeAddress(address) !== undefined;
  const example = "write it like '10.0.0.9', or leave it out for every address";
  return [
    ...check(
      possible,
      "ports",
      "must be whole numbers from 1 to 65535",
      port,
      "give the port that the role listens on",
    ),
    ...check(known, "ports", "must have an address that is one", address, example),
    ...from.flatMap((peer) =>
      check(
        networkOf(peer) !== undefined,
        "ports",
        `must be open to addresses and networks ('from' of ${port})`,
        peer,
        "write them like '10.0.0.7' or '10.0.0.0/24'",
      ),
    ),
    ...check(
      claim.from === undefined || canBeLimited(claim),
      "ports",
      `must be below ${EPHEMERAL} for a ${claim.protocol} port that is not open to everyone`,
      port,
      "leave out its 'from', or choose another port: answers to the machine's own questions come there",
    ),
  ];
}
