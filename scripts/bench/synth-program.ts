// A program of Nomad jobs, made and synthesized once in a process of its own: `node synth-program.js CANDIDATE JOBS FOLDER` prints a Sample.
import { Job } from "@cdktf/provider-nomad/lib/job";
import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { App, TerraformStack, Testing } from "cdktf";
import { Construct } from "constructs";
import { WebJob, WebJobProps } from "vipstack";
import { Candidate, isCandidate, Sample } from "./synth-candidates";

const PROPS: WebJobProps = {
  count: 2,
  ports: { www: { to: 80 } },
  docker: { image: "nginx:stable" },
  resources: { cpu: 100, memoryMiB: 64 },
};

/** Makes a job in a stack. */
type Maker = (stack: TerraformStack, name: string) => void;

const MAKERS: Readonly<Record<Candidate, () => Maker>> = {
  vipstack: () => (stack, name) => {
    new WebJob(stack, name, PROPS);
  },
  // The same resources with the same text, written by hand. Making that text is not measured.
  bare: () => {
    const name = "NAME-OF-THE-JOB";
    const job = new WebJob(stackOf(Testing.app()), name, PROPS).toApiJob();
    const jobspec = JSON.stringify({ Job: job }).replaceAll("${", () => "$${");
    return (stack, id) => {
      new Job(new Construct(stack, id), "Default", {
        jobspec: jobspec.replaceAll(name, id),
        json: true,
        detach: false,
        purgeOnDestroy: true,
        timeouts: { create: "1h", update: "1h" },
      });
    };
  },
};

/** Synthesizes a program of so many jobs. */
export function synthesize(app: App, candidate: Candidate, jobs: number): Sample {
  const make = MAKERS[candidate]();
  const [start, used] = [process.hrtime.bigint(), process.cpuUsage()];
  const stack = stackOf(app);
  for (let job = 0; job < jobs; job += 1) make(stack, `job-${job}`);
  app.synth();
  const { user, system } = process.cpuUsage(used);
  return { milliseconds: Number(process.hrtime.bigint() - start) / 1e6, cpuMilliseconds: (user + system) / 1e3 };
}

function stackOf(app: App): TerraformStack {
  const stack = new TerraformStack(app, "jobs");
  new NomadProvider(stack, "nomad", { address: "http://127.0.0.1:4646" });
  return stack;
}

function main([candidate = "", jobs = "", outdir = ""]: readonly string[]): void {
  if (!isCandidate(candidate)) throw new Error(`'${candidate}' is no candidate`);
  console.log(JSON.stringify(synthesize(Testing.app({ outdir }), candidate, Number(jobs))));
}

if (require.main === module) main(process.argv.slice(2));
