// A program, made and synthesized once in a process of its own: `node synth-program.js SUBJECT CANDIDATE SIZE FOLDER` prints a Sample.
import { App, Testing } from "cdktf";
import { Sample } from "./sample";
import { Candidate, isCandidate, isSubject, Maker, Subject } from "./synth-candidates";
import { makeJobs } from "./synth-jobs";
import { makeMachines } from "./synth-machines";

const MAKERS: Readonly<Record<Subject, Maker>> = { jobs: makeJobs, machines: makeMachines };

/** Synthesizes a program of so many jobs or machines. */
export function synthesize(app: App, subject: Subject, candidate: Candidate, size: number): Sample {
  const make = MAKERS[subject](candidate, size);
  const [start, used] = [process.hrtime.bigint(), process.cpuUsage()];
  make(app);
  app.synth();
  const { user, system } = process.cpuUsage(used);
  return { milliseconds: Number(process.hrtime.bigint() - start) / 1e6, cpuMilliseconds: (user + system) / 1e3 };
}

function main([subject = "", candidate = "", size = "", outdir = ""]: readonly string[]): void {
  if (!isSubject(subject)) throw new Error(`'${subject}' is no subject`);
  if (!isCandidate(candidate)) throw new Error(`'${candidate}' is no candidate`);
  console.log(JSON.stringify(synthesize(Testing.app({ outdir }), subject, candidate, Number(size))));
}

if (require.main === module) main(process.argv.slice(2));
