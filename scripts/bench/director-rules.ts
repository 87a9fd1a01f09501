import { PLANES } from "./control-candidates";
import { EMPTY, FOLDER, RULES, startKeeper, stopKeeper } from "./director-shell";
import { Guest, Step } from "./guest";
import { stopKeepalived } from "./keepalived";

const BEGIN: Step = {
  files: {},
  prepare: `mkdir -p ${FOLDER}; test -e ${FOLDER}/etc || { rm -rf ${FOLDER}/new; cp -a /etc/vipstack ${FOLDER}/new; mv ${FOLDER}/new ${FOLDER}/etc; }`,
  run: PLANES.map(stopKeeper).join("; "),
};

const END: Step = {
  files: {},
  prepare: [
    stopKeepalived(),
    ...PLANES.map((plane) => `cp -a ${RULES[plane].replace("/etc/vipstack", `${FOLDER}/etc`)} ${RULES[plane]}`),
    ...PLANES.map((plane) => EMPTY[plane]),
  ].join("; "),
  run: [
    ...PLANES.map((plane) => `systemctl reload vipstack-${plane}.service; ${startKeeper(plane)}`),
    `rm -r ${FOLDER}`,
  ].join("; "),
};

/** Puts a director's own rules aside, works with it, and applies them again, also where the work fails. */
export async function withRulesAside<T>(director: Pick<Guest, "measure">, work: () => Promise<T>): Promise<T> {
  const [done] = await Promise.allSettled([director.measure(BEGIN).then(work)]);
  const [back] = await Promise.allSettled([director.measure(END)]);
  if (done.status === "fulfilled" && back.status === "fulfilled") return done.value;
  const reasons = [done, back].flatMap((each) => (each.status === "rejected" ? [messageOf(each.reason)] : []));
  if (back.status === "rejected")
    reasons.push(`the director does not have its own rules again: they are in ${FOLDER}/etc`);
  throw new Error(reasons.join("\n"), { cause: done.status === "rejected" ? done.reason : undefined });
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
