import { Job } from "@cdktf/provider-nomad/lib/job";
import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { App, TerraformStack, Testing } from "cdktf";
import { Construct } from "constructs";
import { WebJob, WebJobProps } from "vipstack";
import type { Maker } from "./synth-candidates";

const PROPS: WebJobProps = {
  count: 2,
  ports: { www: { to: 80 } },
  docker: { image: "nginx:stable" },
  resources: { cpu: 100, memoryMiB: 64 },
};

/** A stack of Nomad jobs. Bare, it has the same resources with the same text, written by hand. */
export const makeJobs: Maker = (candidate, size) => {
  const make = candidate === "bare" ? bareJob() : ownJob;
  return (app) => {
    const stack = stackOf(app);
    for (let job = 0; job < size; job += 1) make(stack, `job-${job}`);
  };
};

function ownJob(stack: TerraformStack, name: string): void {
  new WebJob(stack, name, PROPS);
}

function bareJob(): typeof ownJob {
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
}

function stackOf(app: App): TerraformStack {
  const stack = new TerraformStack(app, "jobs");
  new NomadProvider(stack, "nomad", { address: "http://127.0.0.1:4646" });
  return stack;
}
