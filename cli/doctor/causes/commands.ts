import { Look } from "../look";
import { Scene } from "../scene";

/** Commands whose output more than one cause needs. */
export const TABLE = "ipvsadm -ln";
export const ADDRESSES = "ip -o address show";
export const LINKS = "ip -o link show";
export const SOCKETS = "ss -Hltn";
export const JOURNAL = "journalctl --unit vipstack-ipvs --unit vipstack-ipvs-keeper --output cat --lines 12 --no-pager";

export function onDirector({ director }: Scene, ...commands: readonly string[]): Look[] {
  return commands.map((command) => ({ machine: director, command }));
}

/** The command of iptables for the address family of a service. */
export function iptables({ address }: Scene): string {
  return address.includes(":") ? "ip6tables" : "iptables";
}

export function natRules(scene: Scene): string {
  return `${iptables(scene)} -t nat -S`;
}

export function onServers({ serverMachines }: Scene, ...commands: readonly string[]): Look[] {
  return serverMachines.flatMap((machine) => commands.map((command) => ({ machine, command })));
}

/** Text as part of a pattern that matches only itself. */
export function literally(text: string): string {
  return text.replaceAll(/[.[\]$^*+?(){}|\\/]/g, "\\$&");
}

/** A line about one real server, in the output of the director's requests to all of them. */
export function lineOf(target: string): RegExp {
  return new RegExp(`^${literally(target)} `);
}
