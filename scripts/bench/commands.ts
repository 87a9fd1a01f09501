import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { replaceSection } from "../markdown";
import { ControlPlane, isPlane, PLANES } from "./control-candidates";
import { ControlOptions, measureControl } from "./control";
import { ControlReport } from "./control-report";
import { thisMachine } from "./machine";
import { Progress } from "./progress";
import { measureSynth, SynthOptions } from "./synth";
import { SynthReport } from "./synth-report";

/** What every bench makes of its runs. */
interface Report {
  readonly text: string;
  readonly picture: string;
}

const PAGE = join("docs", "benchmarks.md");

/** A command for each bench. Wrong usage is thrown, as a CommanderError. */
export function program(): Command {
  const bench = new Command("bench")
    .description("Measures this library on this machine.")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  benchCommand(bench, "synth", "time to synthesize one program of Nomad jobs, against the bare CDKTF bindings")
    .option("--jobs <numbers>", "numbers of jobs, separated by commas", numbers, [100, 300, 1000, 3000])
    .option("--runs <number>", "runs of each candidate for each number of jobs", number, 5)
    .action(async (options: SynthOptions & OutputOptions) => {
      const machine = thisMachine();
      const runs = await measureSynth(options, new Progress());
      writeReport("synth", { machine, runs }, new SynthReport(machine, runs), options);
    });
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
  return bench;
}

interface OutputOptions {
  readonly output: string;
  readonly docs?: true;
}

function benchCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("--output <folder>", "folder for every run as JSON, and for the picture", join("dist", "bench"))
    .option("--docs", `also put the table into ${PAGE} and the picture beside it`);
}

function writeReport(bench: string, results: object, { text, picture }: Report, { output, docs }: OutputOptions): void {
  const write = (file: string, content: string): void => {
    writeFileSync(file, content);
    console.error(`Wrote ${file}.`);
  };
  console.log(text);
  mkdirSync(output, { recursive: true });
  const measured = new Date().toISOString();
  write(join(output, `${bench}.json`), `${JSON.stringify({ bench, measured, ...results }, null, 2)}\n`);
  write(join(output, `${bench}.svg`), picture);
  if (docs !== true) return;
  write(join("docs", `bench-${bench}.svg`), picture);
  write(PAGE, replaceSection(readFileSync(PAGE, "utf8"), bench, text));
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

function number(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1 to 999999.");
  return Number(text);
}
