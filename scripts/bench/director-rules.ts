import { PLANES } from "./control-candidates";
import { EMPTY, FOLDER, RULES, stopKeeper } from "./director-shell";
import { Guest, Step } from "./guest";
import { stopKeepalived } from "./keepalived";

const BEGIN: Step = {
  files: {},
  prepare: `mkdir -p ${FOLDER}; test -e ${FOLDER}/etc || cp -a /etc/vipstack ${FOLDER}/etc`,
  run: PLANES.map(stopKeeper).join("; "),
};

const END: Step = {
  files: {},
  prepare: [
    stopKeepalived(),
    ...PLANES.map((plane) => `cp -a ${RULES[plane].replace("/etc/vipstack", `${FOLDER}/etc`)} ${RULES[plane]}`),
    ...PLANES.map((plane) => EMPTY[plane]),
  ].join("; "),
  run: ["iptables", "ipvs"]
    .map((plane) => `systemctl reload vipstack-${plane}.service; systemctl start vipstack-${plane}-watch.service`)
    .concat(`rm -r ${FOLDER}`)
    .join("; "),
};

/** Puts a director's own rules aside, works with it, and applies them again, also where the work fails. */
export async function withRulesAside<T>(director: Guest, work: () => Promise<T>): Promise<T> {
  await director.measure(BEGIN);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // What went wrong first is what matters.
    await director.measure(END).catch(() => undefined);
    throw error;
  }
  await director.measure(END);
  return result;
}
