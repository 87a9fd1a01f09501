import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { CloudInit, IBackend, Machine, MachineLifecycle, Software, SoftwareName } from "../../constructs/machine";
import { havePrograms, programFile } from "./programs";
import { synth } from "./synth";

/** A test that runs the vendor's real program; skipped, and said so, where there is none. */
export function withProgram(name: "consul" | "nomad"): typeof test {
  return havePrograms(`configuration that a real ${name} reads`, name) ? test : test.skip;
}

/** What the program says of a machine's configuration folder: `""` where it takes it. */
export function complaints(name: "consul" | "nomad", files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), `vipstack-${name}-`));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const words = name === "consul" ? ["validate", folder] : ["config", "validate", folder];
    const { status, stdout, stderr } = spawnSync(programFile(name), words, { encoding: "utf8" });
    return status === 0 ? "" : stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The models of the machines that a program made, once it was synthesized. */
export function modelsOf(build: (stack: TerraformStack) => Machine[]): CloudInit[] {
  let machines: Machine[] = [];
  synth((stack) => {
    machines = build(stack);
  });
  return machines.map(({ model }) => model);
}

/** A machine's files below a folder, by their names in it. */
export function filesBelow(model: CloudInit, folder: string): Record<string, string> {
  const files = [...model.files, ...model.liveFiles].filter(({ path }) => path.startsWith(`${folder}/`));
  return Object.fromEntries(files.map(({ path, content }) => [path.slice(folder.length + 1), content]));
}

/** {@link filesBelow}, one below the other for a golden file. */
export function asText(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([name, content]) => `==> ${name}\n${content}`)
    .join("\n");
}

/** A backend that offers programs as the lab does, and makes nothing. */
export class OfferingBackend extends Construct implements IBackend {
  constructor(
    scope: Construct,
    id: string,
    private readonly versions: Partial<Record<SoftwareName, string>> = {
      consul: "1.14.11",
      nomad: "1.6.3",
      "cni-plugins": "1.9.1",
    },
    readonly registryMirror?: string,
  ) {
    super(scope, id);
  }

  software(name: SoftwareName): Software | undefined {
    const version = this.versions[name];
    return version === undefined
      ? undefined
      : { version, url: `http://10.0.0.1:3143/${name}_${version}`, sha256: "a".repeat(64) };
  }

  bind(): MachineLifecycle {
    const nothing = { command: "true" };
    const commands = { create: nothing, destroy: nothing, push: nothing, shell: nothing };
    return { ...commands, triggers: {}, documents: () => ({}), dependsOn: [] };
  }
}

/** Machines by name, at 10.0.0.11, 10.0.0.12, … */
export function machinesOf(scope: Construct, names: readonly string[], backend?: IBackend): Machine[] {
  const common = backend ?? new OfferingBackend(scope, "offering", undefined, "http://10.0.0.1:5000");
  return names.map(
    (name, index) => new Machine(scope, name, { backend: common, interfaces: { eth0: [`10.0.0.${index + 11}/24`] } }),
  );
}
