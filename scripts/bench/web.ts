import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { checkImages } from "../../lab/offline/images";
import { labHasNomad, LabOptions, onLab } from "./bench-lab";
import { Guest } from "./guest";
import { copyToGuest } from "./guest-program";
import { Progress } from "./progress";
import { inTurn } from "./turns";
import { Watched, WEB_PATHS, WebCase, WebPath, WebPlan, WebRun } from "./web-cases";
import { WebServer } from "./web-servers";
import { OHA, readOha, webStep } from "./web-steps";
import { beginOf, evidenceOf, Watch } from "./web-watch";

export interface WebOptions extends LabOptions {
  /** At least two. */
  readonly servers: readonly WebServer[];
  /** Left out: those that there are. */
  readonly paths?: readonly WebPath[];
  /** In each run. */
  readonly requests: number;
  /** Runs of each server on each path, with and without keep-alive. */
  readonly runs: number;
  /** Program of the load generator. Left out: that in PATH. */
  readonly oha?: string;
  /** Whether the containers run without Nomad, even if it is there. */
  readonly plain?: true;
}

export interface WebResults {
  readonly plan: WebPlan;
  readonly runs: readonly WebRun[];
}

/** What every gateway runs by default. */
const APISIX = "apache/apisix:3.18.0-debian";

/** On machines of its own, which are taken down again. */
export async function measureWeb(options: WebOptions, progress: Progress): Promise<WebResults> {
  const oha = ohaFile(options.oha);
  const plan = await planOf(options);
  progress.say(plan.nomad ? "the servers run as jobs of Nomad" : "the servers run as plain containers, without Nomad");
  const work = (lab: string): Promise<WebRun[]> => measureAll(lab, oha, plan, options, progress);
  return { plan, runs: await onLab("web", options, progress, work, { BENCH_WEB: JSON.stringify(plan) }) };
}

/**
 * @param given a file
 * @throws Error where the file does not exist, or none was given and PATH has none
 */
export function ohaFile(given: string | undefined): string {
  const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "oha"));
  const file = (given === undefined ? found : [resolve(given)]).find((each) => existsSync(each));
  if (file !== undefined) return file;
  const where = given === undefined ? "PATH has no oha" : `${given} does not exist`;
  throw new Error(
    `${where}: the load generator of this bench (MIT licence). Build it with \`cargo install oha --version 1.16.0 --locked\`, and name its file: --oha FILE`,
  );
}

/** What the lab has decides what is measured. @throws Error where a path was asked for that it can't have */
async function planOf({ servers, paths, plain }: WebOptions): Promise<WebPlan> {
  const [apisix] = await checkImages([APISIX]);
  if (paths?.includes("gateway") === true && apisix?.available !== true)
    throw new Error(`the path through a gateway wants the image ${APISIX}: vipstack-lab image add ${APISIX} FILE`);
  const gateway = apisix?.available === true && paths?.includes("gateway") !== false;
  return { servers, nomad: plain !== true && (await labHasNomad()), gateway };
}

/** The servers take turns, so that both have the same neighbours on the host. */
export function webOrder(
  { servers, gateway }: WebPlan,
  { runs, paths }: Pick<WebOptions, "runs" | "paths">,
): WebCase[] {
  const all = (Object.keys(WEB_PATHS) as WebPath[]).filter((path) => path !== "gateway" || gateway);
  const wanted = all.filter((path) => paths?.includes(path) !== false);
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    wanted.flatMap((path) =>
      [false, true].flatMap((keepAlive) =>
        inTurn(servers, run).map(({ name }) => ({ server: name, path, keepAlive, run })),
      ),
    ),
  );
}

async function measureAll(
  lab: string,
  oha: string,
  plan: WebPlan,
  options: WebOptions,
  progress: Progress,
): Promise<WebRun[]> {
  await copyToGuest(lab, "client", oha, OHA);
  const names: readonly Watched[] = ["client", "director", "web", ...(plan.gateway ? (["gateway"] as const) : [])];
  const client = await Guest.open(lab, "client");
  const watches = await Promise.all(names.map((name) => Watch.open(lab, name)));
  try {
    const measured: WebRun[] = [];
    for (const what of webOrder(plan, options)) {
      const run = await measureOne(client, watches, what, plan, options.requests);
      measured.push(run);
      progress.say(`run ${what.run} of ${options.runs}, ${describe(run)}`);
    }
    return measured;
  } finally {
    await Promise.all(watches.map((watch) => watch.close()));
    await client.close();
  }
}

async function measureOne(
  client: Guest,
  watches: readonly Watch[],
  what: WebCase,
  plan: WebPlan,
  requests: number,
): Promise<WebRun> {
  for (const watch of watches) await watch.prepare();
  const { output } = await client.measure(webStep(what, plan, requests), {
    begin: () => {
      for (const watch of watches) watch.begin();
    },
  });
  const seen = await Promise.all(watches.map((watch) => watch.end()));
  const [ofClient] = seen;
  if (ofClient === undefined) throw new Error("assumption broken: the client is watched");
  const begin = beginOf(ofClient);
  return { ...what, ...readOha(output, requests), evidence: seen.map((each) => evidenceOf(each, begin)) };
}

function describe({ server, path, keepAlive, requests, seconds }: WebRun): string {
  const rate = (requests.length / seconds).toFixed(1);
  return `${WEB_PATHS[path].title}, keep-alive ${keepAlive ? "on" : "off"}, ${server}: ${rate} a second`;
}
