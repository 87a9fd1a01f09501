import * as path from "path";
import { plain } from "./addresses";
import type { MachineDocument } from "./documents";
import { readIfThere, writeAtomically } from "./files";
import type { LabState } from "./state";

const FIRST = "# names in this lab";
const LAST = "# end of the names in this lab";

/** The lines of /etc/hosts that the lab gives a machine: its own name first, then its neighbours'. */
export function hostsLines(own: string, addresses: Readonly<Record<string, readonly string[]>>): string {
  const neighbours = Object.keys(addresses)
    .filter((name) => name !== own)
    .sort();
  const lines = [own, ...neighbours].flatMap((name) =>
    (addresses[name] ?? []).map((address) => `${address} ${name}\n`),
  );
  return `${FIRST}\n${lines.join("")}${LAST}\n`;
}

/** Shell text that gives /etc/hosts these lines in place of older ones. They come first: a machine's own name is its address. */
export function hostsScript(lines: string): string {
  return `{
cat <<'END'
${lines}END
sed '/^${FIRST}$/,/^${LAST}$/d' /etc/hosts
} > /etc/hosts.lab
cat /etc/hosts.lab > /etc/hosts
rm /etc/hosts.lab
`;
}

/** For the first boot, before anything asks for a name. Later boots find the lines, which may be newer ones. */
export function firstHostsScript(lines: string): string {
  return `if ! grep -q '^${FIRST}$' /etc/hosts; then\n${hostsScript(lines)}fi\n`;
}

/** The lines of a machine as the lab is now: what its list says, and who is there without being in a list. */
export function hostsLinesOf(state: LabState, machine: MachineDocument): string {
  const machines = [...state.guests().map((name) => state.machine(name)), machine];
  const present = machines.map(({ name, nics }) => [name, nics.flatMap((nic) => nic.addresses.map(plain))] as const);
  return hostsLines(machine.name, { ...state.lab()?.addresses, ...Object.fromEntries(present) });
}

/** What a machine got last. */
export function knownHosts(state: LabState, name: string): string | undefined {
  return readIfThere(path.join(state.guestDir(name), "hosts"));
}

/** Remembers what a machine has, so that it gets only what is new. */
export function saveHosts(state: LabState, name: string, lines: string): void {
  writeAtomically(path.join(state.guestDir(name), "hosts"), lines);
}
