import { ClientRequest } from "./client";
import {
  CHANGED_MACHINE,
  CONTROL_MACHINE,
  ConvergencePlan,
  ConvergenceRun,
  ConvergenceStep,
  COUNT,
  NAME,
  PORT,
  SHUTDOWN_DELAY_SECONDS,
  UNIT,
} from "./convergence-plan";
import { Step } from "./guest";

/** Before the end of the requests; an instance that answered one within it has not left. */
const GONE_SECONDS = 2;

/** The machine on which the commands of a step run. */
export function machineOf({ nomad }: ConvergencePlan): string {
  return nomad ? CONTROL_MACHINE : CHANGED_MACHINE;
}

/** Without Nomad it is what Nomad does: an instance starts and is registered; it leaves the catalog, serves on for a while, and ends. */
export function changeStep({ nomad }: ConvergencePlan, step: ConvergenceStep): Step {
  const out = step === "scale-out";
  if (nomad)
    return {
      files: {},
      // Nomad takes no other count while it is still busy with the one before.
      prepare: `timeout 180 sh -c 'while nomad job deployments -json ${NAME} | grep -q "\\"Status\\": \\"running\\""; do sleep 1; done'`,
      run: `nomad job scale -detach ${NAME} servers ${out ? COUNT : COUNT - 1}`,
    };
  const ask = (path: string): string =>
    `curl --fail --silent --show-error --max-time 10 --request PUT http://127.0.0.1:8500/v1/agent/${path}`;
  return {
    files: {},
    prepare: "",
    // The agent reads again what is in its files: this service among it.
    run: out
      ? `systemctl start ${UNIT}; ${ask("reload")}`
      : `${ask(`service/deregister/${NAME}-${PORT}`)}; { sleep ${SHUTDOWN_DELAY_SECONDS}; systemctl stop ${UNIT}; } > /dev/null 2>&1 &`,
  };
}

/**
 * What the requests tell of a step.
 *
 * @param asked in the order of their begin, some of them before the command
 * @throws Error where it was not one instance that came or left
 */
export function runOf(step: ConvergenceStep, run: number, asked: readonly ClientRequest[]): ConvergenceRun {
  const answered = asked.flatMap(({ at, page }) => (page === "" ? [] : [answerOf(at, page)]));
  const since = asked.filter(({ at }) => at >= 0);
  const instances = [...new Set(answered.map(({ instance }) => instance))];
  const of = (instance: string): Answer[] => answered.filter((answer) => answer.instance === instance);
  const end = since.at(-1)?.at ?? 0;
  const changed = instances.filter((instance) =>
    step === "scale-out" ? (of(instance)[0]?.at ?? 0) >= 0 : (of(instance).at(-1)?.at ?? 0) < end - GONE_SECONDS,
  );
  const [only, ...others] = changed;
  if (only === undefined || others.length > 0)
    throw new Error(
      `${step}: not one instance of ${instances.join(", ")}, but ${changed.join(", ") || "none"} changed`,
    );
  const answer = step === "scale-out" ? of(only)[0] : of(only).at(-1);
  return {
    step,
    run,
    seconds: answer?.at ?? NaN,
    ...(step === "scale-out" && { listening: answer?.listening }),
    requests: since.length,
    lost: since.flatMap(({ at, problem }) => (problem === "" ? [] : [{ at, problem }])),
    answers: Object.fromEntries(instances.map((each) => [each, of(each).filter(({ at }) => at >= 0).length])),
  };
}

interface Answer {
  readonly at: number;
  readonly instance: string;
  /** Seconds since it began to listen. */
  readonly listening: number;
}

function answerOf(at: number, page: string): Answer {
  const [instance = "", listening] = page.split(" ");
  return { at, instance, listening: Number(listening) };
}
