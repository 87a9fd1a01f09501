import { ControlPlane } from "./control-candidates";

/** For the files of a bench on a director, and for the rules that were there before. */
export const FOLDER = "/run/vipstack-bench";
/** Rules files, one weight apart. */
export const BASE = `${FOLDER}/base`;
export const CHANGED = `${FOLDER}/changed`;

/** The file in which a director has its own rules. */
export const RULES = {
  ipvs: "/etc/vipstack/ipvs.d/static.rules",
  iptables: "/etc/vipstack/iptables.d/director.v4",
} as const;

/** Makes a table empty. */
export const EMPTY = {
  ipvs: "ipvsadm -C; rm -f /run/vipstack/ipvs-drain.json",
  // What a trial of a file has shown is forgotten, too: at a first application it is not known.
  iptables: `printf '*nat\\nCOMMIT\\n*filter\\nCOMMIT\\n' | iptables-restore; rm -f /run/vipstack/iptables-trials.json`,
} as const;

export function install(plane: ControlPlane, file: string): string {
  return `cp ${file} ${RULES[plane]}`;
}

/** By vipstack's program. */
export function apply(plane: ControlPlane): string {
  return `/usr/local/lib/vipstack/${plane}-rules apply`;
}

/** By the kernel's own tool, as a whole. */
export function restore(plane: ControlPlane, file: string): string {
  return plane === "ipvs" ? `ipvsadm -R < ${file}` : `iptables-restore --wait 10 < ${file}`;
}

export function startKeeper(plane: ControlPlane): string {
  return `systemctl start vipstack-${plane}-watch.service`;
}

/** What would see a change and apply it, too. */
export function stopKeeper(plane: ControlPlane): string {
  return `systemctl stop vipstack-${plane}-watch.service vipstack-${plane}-keeper.service`;
}
