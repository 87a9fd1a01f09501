import { ControlCase, ControlPlane } from "./control-candidates";
import { rulesOf } from "./control-rules";
import { Step } from "./guest";

const FOLDER = "/run/vipstack-bench";
const BASE = `${FOLDER}/base`;
const CHANGED = `${FOLDER}/changed`;
const RULES = { ipvs: "/etc/vipstack/ipvs.d/static.rules", iptables: "/etc/vipstack/iptables.d/director.v4" } as const;
const EMPTY = {
  ipvs: "ipvsadm -C; rm -f /run/vipstack/ipvs-drain.json",
  // What a trial of a file has shown is forgotten, too: at a first application it is not known.
  iptables: `printf '*nat\\nCOMMIT\\n*filter\\nCOMMIT\\n' | iptables-restore; rm -f /run/vipstack/iptables-trials.json`,
} as const;
const PLANES_THERE = ["ipvs", "iptables"] as const;

/** The director's own rules aside, so that they can come back. */
export const BEGIN: Step = {
  files: {},
  prepare: `mkdir -p ${FOLDER}; test -e ${FOLDER}/etc || cp -a /etc/vipstack ${FOLDER}/etc`,
  run: PLANES_THERE.map(stopKeeper).join("; "),
};

export const END: Step = {
  files: {},
  prepare: PLANES_THERE.map(
    (plane) => `cp -a ${RULES[plane].replace("/etc/vipstack", `${FOLDER}/etc`)} ${RULES[plane]}`,
  )
    .concat(PLANES_THERE.map((plane) => EMPTY[plane]))
    .join("; "),
  run: ["iptables", "ipvs"]
    .map((plane) => `systemctl reload vipstack-${plane}.service; systemctl start vipstack-${plane}-watch.service`)
    .concat(`rm -r ${FOLDER}`)
    .join("; "),
};

/** @param seconds for which a director without changes is watched */
export function stepOf({ plane, task, candidate, servers }: ControlCase, seconds: number): Step {
  const files = { [BASE]: rulesOf(plane, servers, 1), [CHANGED]: rulesOf(plane, servers, 2) };
  const ours = candidate === "vipstack";
  const applied = `${install(plane, BASE)}; ${apply(plane)} --quiet`;
  switch (task) {
    case "first":
      return {
        files,
        prepare: `${stopKeeper(plane)}; ${install(plane, BASE)}; ${EMPTY[plane]}`,
        run: ours ? apply(plane) : whole(plane, BASE),
      };
    case "weight":
      return {
        files,
        prepare: `${stopKeeper(plane)}; ${applied}; ${install(plane, CHANGED)}`,
        run: ours ? apply(plane) : `${plane === "ipvs" ? "ipvsadm -C; " : ""}${whole(plane, CHANGED)}`,
      };
    case "nothing":
      return {
        files,
        // The second time it has nothing to do, and remembers that.
        prepare: `${stopKeeper(plane)}; ${applied}; ${applied}${ours ? `; ${startKeeper(plane)}; sleep 15` : ""}`,
        run: `sleep ${seconds}`,
      };
  }
}

function install(plane: ControlPlane, file: string): string {
  return `cp ${file} ${RULES[plane]}`;
}

function apply(plane: ControlPlane): string {
  return `/usr/local/lib/vipstack/${plane}-rules apply`;
}

function whole(plane: ControlPlane, file: string): string {
  return plane === "ipvs" ? `ipvsadm -R < ${file}` : `iptables-restore --wait 10 < ${file}`;
}

function startKeeper(plane: ControlPlane): string {
  return `systemctl start vipstack-${plane}-watch.service`;
}

function stopKeeper(plane: ControlPlane): string {
  return `systemctl stop vipstack-${plane}-watch.service vipstack-${plane}-keeper.service`;
}
