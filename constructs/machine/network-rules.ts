import { Failure } from "../private/failure";
import { isAddressLine } from "./address-line";
import { PortClaim } from "./contribution";
import { normalizeAddress } from "./subnet";
import { check } from "./text-rules";

export function addressLineFailures(line: string): Failure[] {
  const cure = "write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'";
  return check(isAddressLine(line), "addresses", "must be lines of the address file", line, cure);
}

export function portFailures({ port, address }: PortClaim): Failure[] {
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
  ];
}
