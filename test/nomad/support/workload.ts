import { TerraformStack } from "cdktf";
import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { synth, SynthResult } from "../../support/synth";

/** What a program that makes jobs leads to, and what came out of its stack. */
export interface Workload {
  readonly stack: TerraformStack;
  readonly result: SynthResult;
}

/** Synthesizes jobs in a stack with a provider. */
export function workload(build: (stack: TerraformStack) => unknown): Workload {
  let made: TerraformStack | undefined;
  const result = synth((stack) => {
    new NomadProvider(stack, "nomad", { address: "http://127.0.0.1:4646" });
    made = stack;
    build(stack);
  });
  return { stack: made!, result };
}

/** What the program throws, or nothing. */
export function refusalOf(build: (stack: TerraformStack) => unknown): string | undefined {
  try {
    workload(build);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
