import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { replaceSection } from "../markdown";
import { measureChanges, ChangesOptions } from "./changes";
import { CHANGE_CANDIDATES, ChangeCandidate, isChangeCandidate } from "./changes-candidates";
import { ChangesReport } from "./changes-report";
import { ControlPlane, isPlane, PLANES } from "./control-candidates";
import { ControlOptions, measureControl } from "./control";
import { ControlReport } from "./control-report";
import { ConvergenceOptions, measureConvergence } from "./convergence";
import { ConvergenceReport } from "./convergence-report";
import { thisMachine } from "./machine";
import { measurePlanes, PlanesOptions } from "./planes";
import { isPlaneCandidate, PLANE_CANDIDATES, PlaneCandidate } from "./planes-candidates";
import { PlanesReport } from "./planes-report";
import { pngOf } from "./png";
import { Progress } from "./progress";
import { measureSynth } from "./synth";
import { Subject } from "./synth-candidates";
import { sectionOf, SynthReport } from "./synth-report";
import { measureUp, UpOptions } from "./up";
import { UpReport } from "./up-report";
import { measureWeb, WebOptions } from "./web";
import { isWebPath, WEB_PATHS, WebPath } from "./web-cases";
import { WebReport } from "./web-report";
import { WEB_SERVERS, WebServer, webServerOf } from "./web-servers";

/** What every bench makes of its runs. */
interface Report {
  readonly text: string;
  /** SVG by name. */
  readonly pictures: Readonly<Record<string, string>>;
}

const PAGE = join("docs", "benchmarks.md");
const WEB_PAGE = join("docs", "web-servers.md");

/** A command for each bench. Wrong usage is thrown, as a CommanderError. */
export function program(): Command {
  const bench = new Command("bench")
    .description("Measures this library on this machine.")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  synthCommand(
    bench,
    "jobs",
    "time to synthesize one program of Nomad jobs, against the bare CDKTF bindings",
    [100, 300, 1000, 3000],
  );
  synthCommand(bench, "machines", "the same for a director and the machines behind it", [10, 30, 100, 300, 1000]);
  benchCommand(
    bench,
    "control",
    "time of a director to apply rules, and what it costs where nothing changes; in a lab of its own, as root",
  )
    .option("--servers <numbers>", "numbers of real servers, separated by commas", numbers, [10, 100, 1000, 10000])
    .option("--planes <names>", "kernel mechanisms, separated by commas", planes, [...PLANES])
    .option("--runs <number>", "runs of each candidate for each number of real servers", number, 5)
    .option("--seconds <number>", "seconds for which a director without changes is watched", number, 30)
    .option("--keep", "leave the lab up: the next run uses it")
    .action(async (options: ControlOptions & OutputOptions) => {
      const machine = thisMachine();
      const runs = await measureControl(options, new Progress());
      writeReport("control", { machine, runs }, new ControlReport(machine, runs), options);
    });
  const changers = Object.keys(CHANGE_CANDIDATES) as ChangeCandidate[];
  benchCommand(
    bench,
    "changes",
    "connections that are lost while a director is changed again and again, against other tools; in a lab of its own, as root",
  )
    .option("--candidates <names>", `of ${changers.join(", ")}`, changeCandidates, changers)
    .option("--servers <numbers>", "numbers of real servers, separated by commas", numbers, [50])
    .option("--runs <number>", "runs of each candidate for each number of real servers", number, 10)
    .option("--changes <number>", "changes in each run, an even number", even, 100)
    .option("--keep", "leave the lab up: the next run uses it")
    .action(async (options: ChangesOptions & OutputOptions) => {
      const machine = thisMachine();
      const runs = await measureChanges(options, new Progress());
      writeReport("changes", { machine, runs }, new ChangesReport(machine, runs), options);
    });
  const all = Object.keys(PLANE_CANDIDATES) as PlaneCandidate[];
  benchCommand(
    bench,
    "planes",
    "a request through the planes and forwarding methods, against no director and against proxies; in a lab of its own, as root",
  )
    .option("--candidates <names>", `of ${all.join(", ")}; always with direct`, candidates, all)
    .option("--runs <number>", "runs of each candidate with each load", number, 5)
    .option("--seconds <number>", "seconds for which the client asks in each run", number, 5)
    .option("--keep", "leave the lab up: the next run uses it")
    .action(async (options: PlanesOptions & OutputOptions) => {
      const machine = thisMachine();
      const runs = await measurePlanes(options, new Progress());
      writeReport("planes", { machine, runs }, new PlanesReport(machine, runs), options);
    });
  benchCommand(bench, "up", "where the seconds of `vipstack up` go, and a change by it or by `cdktf deploy`; as root")
    .option("--runs <number>", "times that four machines are brought up from nothing", number, 3)
    .option("--changes <number>", "changes of a director by each command", number, 10)
    .action(async (options: UpOptions & OutputOptions) => {
      const machine = thisMachine();
      const results = await measureUp(options, new Progress());
      writeReport("up", { machine, ...results }, new UpReport(machine, results), options);
    });
  benchCommand(
    bench,
    "convergence",
    "how long a changed number of instances takes to reach the virtual IP, beside the budget that vipstack computes; in a lab of its own, as root",
  )
    .option("--runs <number>", "times that an instance leaves and comes back", number, 5)
    .option("--plain", "instances without Nomad, even if the lab has it")
    .option("--keep", "leave the lab up: the next run uses it")
    .action(async (options: ConvergenceOptions & OutputOptions) => {
      const machine = thisMachine();
      const results = await measureConvergence(options, new Progress());
      writeReport("convergence", { machine, ...results }, new ConvergenceReport(machine, results), options);
    });
  benchCommand(
    bench,
    "web",
    "web servers in containers against each other, through host port, director and gateway, and what their slowest requests waited for; as root",
    WEB_PAGE,
  )
    .option(
      "--servers <list>",
      `two or more of ${WEB_SERVERS.map(({ name }) => name).join(", ")} and NAME=IMAGE=PORT=FOLDER (its pages), separated by commas`,
      servers,
      WEB_SERVERS.slice(0, 2),
    )
    .option(
      "--paths <names>",
      `of ${Object.keys(WEB_PATHS).join(", ")}; without it all that the lab can have`,
      webPaths,
    )
    .option("--requests <number>", "requests of each run", number, 1000)
    .option("--runs <number>", "runs of each server on each path, with and without keep-alive", number, 3)
    .option("--oha <file>", "the load generator oha; without it the one in PATH")
    .option("--plain", "containers without Nomad, even if the lab has it")
    .option("--keep", "leave the lab up: the next run uses it")
    .action(async (options: WebOptions & OutputOptions) => {
      const machine = thisMachine();
      const results = await measureWeb(options, new Progress());
      writeReport("web", { machine, ...results }, new WebReport(machine, results), options, WEB_PAGE);
    });
  return bench;
}

function synthCommand(bench: Command, subject: Subject, description: string, sizes: readonly number[]): void {
  benchCommand(bench, sectionOf(subject), description)
    .option(`--${subject} <numbers>`, `numbers of ${subject}, separated by commas`, numbers, [...sizes])
    .option("--runs <number>", `runs of each candidate for each number of ${subject}`, number, 5)
    .action(async (options: Record<Subject, readonly number[]> & { runs: number } & OutputOptions) => {
      const machine = thisMachine();
      const runs = await measureSynth({ subject, sizes: options[subject], runs: options.runs }, new Progress());
      writeReport(sectionOf(subject), { machine, runs }, new SynthReport(machine, subject, runs), options);
    });
}

interface OutputOptions {
  readonly output: string;
  readonly docs?: true;
}

/** @param page on which its tables and pictures are */
function benchCommand(parent: Command, name: string, description: string, page = PAGE): Command {
  return parent
    .command(name)
    .description(description)
    .option("--output <folder>", "folder for every run as JSON, and for the pictures", join("dist", "bench"))
    .option("--docs", `also put the table into ${page} and the pictures beside it`);
}

function writeReport(
  bench: string,
  results: object,
  { text, pictures }: Report,
  { output, docs }: OutputOptions,
  page = PAGE,
): void {
  const write = (file: string, content: string | Buffer): void => {
    writeFileSync(file, content);
    console.error(`Wrote ${file}.`);
  };
  console.log(text);
  mkdirSync(output, { recursive: true });
  const measured = new Date().toISOString();
  write(join(output, `${bench}.json`), `${JSON.stringify({ bench, measured, ...results }, null, 2)}\n`);
  for (const [name, picture] of Object.entries(pictures)) {
    write(join(output, `${name}.svg`), picture);
    write(join(output, `${name}.png`), pngOf(picture));
    if (docs === true) write(join("docs", `bench-${name}.svg`), picture);
  }
  if (docs !== true) return;
  write(page, replaceSection(readFileSync(page, "utf8"), bench, text));
}

function numbers(text: string): number[] {
  return text.split(",").map(number);
}

function planes(text: string): ControlPlane[] {
  return text.split(",").map((word) => {
    if (!isPlane(word)) throw new InvalidArgumentError(`It must be one of ${PLANES.join(", ")}.`);
    return word;
  });
}

function changeCandidates(text: string): ChangeCandidate[] {
  return text.split(",").map((word) => {
    if (!isChangeCandidate(word))
      throw new InvalidArgumentError(`It must be one of ${Object.keys(CHANGE_CANDIDATES).join(", ")}.`);
    return word;
  });
}

/** With what all others are compared with. */
function candidates(text: string): PlaneCandidate[] {
  const named = text.split(",").map((word) => {
    if (!isPlaneCandidate(word))
      throw new InvalidArgumentError(`It must be one of ${Object.keys(PLANE_CANDIDATES).join(", ")}.`);
    return word;
  });
  return [...new Set<PlaneCandidate>(["direct", ...named])];
}

function servers(text: string): WebServer[] {
  const named = text.split(",").map((word) => {
    const server = webServerOf(word);
    if (server !== undefined) return server;
    throw new InvalidArgumentError(
      `It must have names of ${WEB_SERVERS.map(({ name }) => name).join(", ")}, or NAME=IMAGE=PORT=FOLDER.`,
    );
  });
  if (new Set(named.map(({ name }) => name)).size < Math.max(2, named.length))
    throw new InvalidArgumentError("It must have two or more servers, each with a name of its own.");
  return named;
}

function webPaths(text: string): WebPath[] {
  return text.split(",").map((word) => {
    if (!isWebPath(word)) throw new InvalidArgumentError(`It must be one of ${Object.keys(WEB_PATHS).join(", ")}.`);
    return word;
  });
}

function number(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1 to 999999.");
  return Number(text);
}

function even(text: string): number {
  const value = number(text);
  if (value % 2 !== 0) throw new InvalidArgumentError("It must be an even number.");
  return value;
}
