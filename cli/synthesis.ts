import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  DEPLOYMENT_FILE,
  DeploymentDescription,
  PROVIDER_FILE,
  ProviderDescription,
  TOPOLOGY_FILE,
} from "../constructs/deployment";
import { Topology } from "../constructs/topology";

/** What the last synth of a program has written: its stacks, and what they deploy. */
export class Synthesis {
  /** @param output where cdktf writes the synthesized stacks */
  constructor(readonly output: string) {}

  /** The folder of `examples/` that the program is in. @returns undefined for the program of `cdktf.json` */
  get example(): string | undefined {
    return basename(dirname(resolve(this.output))) === "examples" ? basename(this.output) : undefined;
  }

  /** The stacks of machines, as the last synth wrote them, in the order of their deployment. */
  deployments(): DeploymentDescription[] {
    return this.descriptions(DEPLOYMENT_FILE);
  }

  /** The stacks that talk to an agent, in the order of their deployment. */
  providerStacks(): ProviderDescription[] {
    return this.descriptions(PROVIDER_FILE);
  }

  /** The names of all its stacks. */
  stacks(): string[] {
    return Object.keys(this.dependencies());
  }

  /** Where a stack's JSON is, and where Terraform runs for it. */
  stackFolder(stack: string): string {
    return join(resolve(this.output), "stacks", stack);
  }

  /** A stack's synthesized JSON. */
  stackJson(stack: string): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.stackFolder(stack), "cdk.tf.json"), "utf8")) as Record<string, unknown>;
  }

  /** How requests go through a stack's machines. @returns undefined after a synth by an earlier release, which did not write it */
  topology(stack: string): Topology | undefined {
    const file = join(this.stackFolder(stack), TOPOLOGY_FILE);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Topology) : undefined;
  }

  /** Every stack that has to be deployed before this one. */
  stacksBefore(stack: string): string[] {
    const dependencies = this.dependencies()[stack] ?? [];
    return dependencies.flatMap((one) => [...this.stacksBefore(one), one]);
  }

  /** What the program warns of, with the construct's path: `machines/director: acknowledged …`. */
  warnings(): string[] {
    const annotations = Object.values(this.manifest().stacks).flatMap((stack) => stack.annotations ?? []);
    return annotations
      .filter(({ level }) => level === "@cdktf/warn")
      .map(({ constructPath, message }) => `${constructPath}: ${message}`);
  }

  private descriptions<Description>(file: string): Description[] {
    const stacks = Object.keys(this.dependencies());
    const ordered = new Set(stacks.flatMap((stack) => [...this.stacksBefore(stack), stack]));
    return [...ordered]
      .map((stack) => join(this.stackFolder(stack), file))
      .filter((path) => existsSync(path))
      .map((path) => JSON.parse(readFileSync(path, "utf8")) as Description);
  }

  /** The stacks of the last synth, each with those that it depends on. (Folders of earlier ones may lie beside theirs.) */
  private dependencies(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(Object.entries(this.manifest().stacks).map(([name, one]) => [name, one.dependencies]));
  }

  private manifest(): Manifest {
    const file = join(this.output, "manifest.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : { stacks: {} };
  }
}

/** cdktf's index of what a synth has written, as far as it is read here. */
interface Manifest {
  readonly stacks: Readonly<Record<string, ManifestStack>>;
}

interface ManifestStack {
  readonly dependencies: readonly string[];
  readonly annotations?: readonly { constructPath: string; level: string; message: string }[];
}
