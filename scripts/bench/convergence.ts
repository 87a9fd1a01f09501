import { setTimeout as sleep } from "node:timers/promises";
import { ConvergenceBudget } from "../../constructs/lvs";
import { BenchApp, labHasNomad, LabOptions, onLab } from "./bench-lab";
import { Client, ClientRequest } from "./client";
import {
  ConvergencePlan,
  ConvergenceResults,
  ConvergenceRun,
  ConvergenceStep,
  COUNT,
  NAME,
  SHUTDOWN_DELAY_SECONDS,
  VIRTUAL_SERVICE,
} from "./convergence-plan";
import { changeStep, machineOf, runOf } from "./convergence-steps";
import { Guest } from "./guest";
import { Progress } from "./progress";

export interface ConvergenceOptions extends LabOptions {
  /** Times that an instance leaves and comes back. */
  readonly runs: number;
  /** Whether the instances run without Nomad, even if it is there. */
  readonly plain?: true;
}

/** Each request has a connection of its own: the director chooses a real server for each connection. */
const LOAD = { path: "/", interval: 0.02, kept: 0, patience: 5, pages: true } as const;
/** For which the client asks before the command, so that every instance has answered. */
const WARM_UP_MILLISECONDS = 2000;
/** For which it asks on: after an instance has come, or after the one that leaves has ended. */
const AFTERWARDS_MILLISECONDS = 5000;
const DEADLINE_MILLISECONDS = 180_000;

/** On machines of its own, which are taken down again. */
export async function measureConvergence(options: ConvergenceOptions, progress: Progress): Promise<ConvergenceResults> {
  const plan: ConvergencePlan = { nomad: options.plain !== true && (await labHasNomad()) };
  progress.say(plan.nomad ? "the instances are those of a job of Nomad" : "the instances run without Nomad");
  const work = async (lab: string, app: BenchApp): Promise<ConvergenceResults> => {
    const runs = await measureAll(lab, plan, options.runs, progress);
    return { plan, table: tableOf(app, plan), runs };
  };
  return onLab("convergence", options, progress, work, { BENCH_CONVERGENCE: JSON.stringify(plan) });
}

/** That of the job; otherwise that of a service with the same times, which are the defaults of both. */
function tableOf(app: BenchApp, { nomad }: ConvergencePlan): string {
  if (nomad) return app.synthesized("workloads", `jobs/${NAME}.convergence.txt`);
  return new ConvergenceBudget({ shutdownDelay: `${SHUTDOWN_DELAY_SECONDS}s` }).table(NAME);
}

async function measureAll(
  lab: string,
  plan: ConvergencePlan,
  runs: number,
  progress: Progress,
): Promise<ConvergenceRun[]> {
  const scene: Scene = {
    plan,
    client: await Client.open(lab),
    machine: await Guest.open(lab, machineOf(plan)),
  };
  try {
    // An earlier run that was interrupted may have left one less.
    await measureStep(scene, "scale-out");
    const measured: ConvergenceRun[] = [];
    for (let run = 1; run <= runs; run += 1)
      for (const step of ["scale-in", "scale-out"] as const) {
        const one = runOf(step, run, await measureStep(scene, step));
        measured.push(one);
        progress.say(`run ${run} of ${runs}, ${describe(one)}`);
      }
    return measured;
  } finally {
    await scene.machine.close();
    await scene.client.close();
  }
}

interface Scene {
  readonly plan: ConvergencePlan;
  readonly client: Client;
  /** On which the commands run. */
  readonly machine: Guest;
}

async function measureStep({ plan, client, machine }: Scene, step: ConvergenceStep): Promise<readonly ClientRequest[]> {
  await client.start({ ...VIRTUAL_SERVICE, ...LOAD });
  await sleep(WARM_UP_MILLISECONDS);
  await machine.measure(changeStep(plan, step), {
    begin: () => {
      client.mark();
    },
  });
  await untilAnswering(client, step === "scale-out" ? COUNT : COUNT - 1);
  // It left the catalog before the director noticed, so it has ended by then.
  if (step === "scale-in") await sleep(1000 * SHUTDOWN_DELAY_SECONDS);
  await sleep(AFTERWARDS_MILLISECONDS);
  return (await client.stop()).own;
}

async function untilAnswering(client: Client, count: number): Promise<void> {
  const deadline = Date.now() + DEADLINE_MILLISECONDS;
  for (;;) {
    const seen = await client.seen();
    if (seen.length === count) return;
    if (Date.now() > deadline)
      throw new Error(`${count} instances should answer the client, but it is ${seen.join(", ") || "none"}`);
    await sleep(250);
  }
}

function describe({ step, seconds, requests, lost }: ConvergenceRun): string {
  return `${step}: ${seconds.toFixed(1)} s, ${lost.length} of ${requests} requests lost`;
}
