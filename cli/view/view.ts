import { once } from "node:events";
import { Topology } from "../../constructs/topology";
import { CliError } from "../errors";
import { typed, wordsOf } from "../package";
import { chooseRunning, DeploymentOption, Running } from "../running";
import { statusOf, WATCH_SECONDS } from "../status";
import { Lookout } from "./lookout";
import { PageStates } from "./page-state";
import { ViewServer } from "./server";

export interface ViewOptions extends DeploymentOption {
  /** Of 127.0.0.1; `0`: a free one. */
  readonly port: string;
}

/** Serves a page with the topology of the deployment that is up, and what happens there, until Ctrl-C. */
export async function view({ deployment, port }: ViewOptions): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    throw new CliError(`--port must be a number from 0 to 65535, got '${port}'`, "for example 8088; 0: a free one");
  const running = await chooseRunning({ deployment });
  topologyOf(running);
  // By its folder: another deployment that comes up meanwhile is not meant.
  const { stateFolder, name } = running.deployment;
  const states = new PageStates();
  const lookout = new Lookout(async () => {
    try {
      const now = await chooseRunning({ deployment: stateFolder });
      const topology = topologyOf(now);
      server.send(states.next(topology, await statusOf(now), new Date()));
    } catch (error) {
      // It was brought down, or an `up` writes its files just now.
      const state = states.failed((error as Error).message);
      if (state !== undefined) server.send(state);
    }
  }, WATCH_SECONDS * 1000);
  const server = new ViewServer({
    picture: () => states.svg,
    watched: (open) => {
      if (open) lookout.start();
      else lookout.stop();
    },
  });
  const address = await server.listen(Number(port));
  console.log(`${name}: ${address}   (Ctrl-C ends it)`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  lookout.stop();
  server.close();
  // A login that waits for a dead machine would keep the process for seconds.
  process.exit();
}

function topologyOf({ synthesis, deployment: { stack } }: Running): Topology {
  const topology = synthesis.topology(stack);
  if (topology !== undefined) return topology;
  const up = typed("up", ...wordsOf(synthesis.example));
  throw new CliError("its topology is not known: an earlier release synthesized it", `run ${up} once more`);
}
