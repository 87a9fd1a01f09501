import { ControlCase } from "./control-candidates";
import { rulesOf } from "./control-rules";
import { apply, BASE, CHANGED, EMPTY, install, restore, startKeeper, stopKeeper } from "./director-shell";
import { Step } from "./guest";
import { keepalivedSettings, reloadKeepalived, startKeepalived, stopKeepalived } from "./keepalived";

/** @param seconds for which a director without changes is watched */
export function stepOf(what: ControlCase, seconds: number): Step {
  if (what.candidate === "keepalived") return keepalivedStepOf(what);
  const { plane, task, candidate, servers } = what;
  const files = { [BASE]: rulesOf(plane, servers, 1), [CHANGED]: rulesOf(plane, servers, 2) };
  const ours = candidate === "vipstack";
  const applied = `${install(plane, BASE)}; ${apply(plane)} --quiet`;
  switch (task) {
    case "first":
      return {
        files,
        prepare: `${stopKeeper(plane)}; ${stopKeepalived()}; ${install(plane, BASE)}; ${EMPTY[plane]}`,
        run: ours ? apply(plane) : restore(plane, BASE),
      };
    case "weight":
      return {
        files,
        prepare: `${stopKeeper(plane)}; ${stopKeepalived()}; ${applied}; ${install(plane, CHANGED)}`,
        run: ours ? apply(plane) : `${plane === "ipvs" ? "ipvsadm -C; " : ""}${restore(plane, CHANGED)}`,
      };
    case "nothing":
      return {
        files,
        // The second time it has nothing to do, and remembers that.
        prepare: `${stopKeeper(plane)}; ${stopKeepalived()}; ${applied}; ${applied}${ours ? `; ${startKeeper(plane)}; sleep 15` : ""}`,
        run: `sleep ${seconds}`,
      };
  }
}

function keepalivedStepOf({ plane, task, servers }: ControlCase): Step {
  const files = { [BASE]: keepalivedSettings(servers, 1), [CHANGED]: keepalivedSettings(servers, 2) };
  const empty = `${stopKeeper(plane)}; ${stopKeepalived()}; ${EMPTY[plane]}`;
  if (task === "first") return { files, prepare: empty, run: startKeepalived(BASE, servers) };
  return {
    files,
    prepare: `${empty}; ${startKeepalived(BASE, servers)}`,
    run: reloadKeepalived(CHANGED, servers, 2),
  };
}
