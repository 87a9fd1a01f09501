import { ChangeCandidate, ChangeCase, CHANGE_CANDIDATES, ChangeLoad } from "./changes-candidates";
import { ClientRequest, ClientRequests } from "./client";
import { rulesOf } from "./control-rules";
import { apply, BASE, CHANGED, EMPTY, install, restore, stopKeeper } from "./director-shell";
import { Step } from "./guest";
import { keepalivedSettings, reloadKeepalived, startKeepalived, stopKeepalived } from "./keepalived";
import { PLANES } from "./control-candidates";

/** One candidate changes one weight from 1 to 2 and back, again and again. */
export function changesStep({ candidate, servers, changes }: ChangeCase): Step {
  const text = candidate === "keepalived" ? keepalivedSettings : textOf(candidate);
  const change = (file: string, weight: number): string => changeBy(candidate, file, servers, weight);
  return {
    files: { [BASE]: text(servers, 1), [CHANGED]: text(servers, 2) },
    prepare: [
      ...PLANES.map(stopKeeper),
      stopKeepalived(),
      ...PLANES.map((plane) => EMPTY[plane]),
      first(candidate, servers),
    ].join("; "),
    run: `for _ in $(seq ${changes / 2}); do ${change(CHANGED, 2)}; ${change(BASE, 1)}; done`,
  };
}

function textOf(candidate: Exclude<ChangeCandidate, "keepalived">): (servers: number, weight: number) => string {
  return (servers, weight) => rulesOf(CHANGE_CANDIDATES[candidate].plane, servers, weight);
}

function first(candidate: ChangeCandidate, servers: number): string {
  if (candidate === "keepalived") return startKeepalived(BASE, servers);
  return changeBy(candidate, BASE, servers, 1);
}

function changeBy(candidate: ChangeCandidate, file: string, servers: number, weight: number): string {
  const { plane } = CHANGE_CANDIDATES[candidate];
  switch (candidate) {
    case "keepalived":
      return reloadKeepalived(file, servers, weight);
    case "ipvsadm":
      return `ipvsadm -C; ${restore(plane, file)}`;
    case "restore":
      return restore(plane, file);
    case "ipvs":
    case "iptables":
      return `${install(plane, file)}; ${apply(plane)} --quiet`;
  }
}

/** What the requests tell of a run. */
export function loadOf({ own, kept }: ClientRequests): ChangeLoad {
  const isLost = ({ problem }: ClientRequest): boolean => problem !== "";
  const refused = own.filter(isLost);
  const broken = kept.filter(isLost);
  const answered = [...own, ...kept].filter((request) => !isLost(request));
  return {
    opened: own.length,
    refused: refused.length,
    asked: kept.length,
    broken: broken.length,
    slowest: answered.reduce((slowest, { seconds }) => Math.max(slowest, 1000 * seconds), 0),
    errors: countOf([...refused, ...broken]),
  };
}

function countOf(lost: readonly ClientRequest[]): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const { problem } of lost) errors[problem] = (errors[problem] ?? 0) + 1;
  return errors;
}
