import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DeploymentDescription, ProviderDescription } from "../constructs/deployment";
import { claim } from "./claim";
import { CliError } from "./errors";
import { handedOver, takeBack } from "./handover/handover";
import { lab, labMachines } from "./lab";
import { leftStacks, removeLeft } from "./left-stacks";
import { Program } from "./program";
import { runTasks } from "./progress";
import { deletedLine, runningLabs } from "./running";
import { supplySecrets } from "./secrets/supply";
import { findProviderWay, stacksWithState, terraformResources } from "./terraform";

/** `cdktf destroy`, then removal of what a failed or crashed run left: nothing remains, also in the state folder. */
export async function down(example?: string): Promise<void> {
  const program = new Program(example);
  const giveBack = existsSync(program.output) ? claim(program.output, "down") : undefined;
  try {
    await takeDown(program);
  } finally {
    giveBack?.();
  }
}

async function takeDown(program: Program): Promise<void> {
  const deployments = program.deployments();
  const clusterStacks = program.providerStacks();
  const folders = [...deployments, ...clusterStacks].map(({ stateFolder }) => stateFolder);
  const labs = deployments.flatMap(({ access }) => access.labDirectory ?? []);
  const running = await runningLabs();
  // Of a lab whose folder was deleted the guests still run.
  const isThere = (lab: string): boolean => existsSync(lab) || running.some(({ dir }) => dir === lab);
  if (folders.every((folder) => stacksWithState(folder).length === 0) && !labs.some(isThere)) {
    // Synth has made them.
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    const deleted = running.filter(({ folderDeleted }) => folderDeleted).map(deletedLine);
    console.log(["Nothing is up.", ...deleted].join("\n"));
    return;
  }
  // Terraform wants a value for each variable, also where it removes what it was for.
  supplySecrets(deployments, { keep: false });
  // A lab goes as a whole, faster and also where Terraform knows only half of it; and with it what its agents keep.
  const machines = deployments.filter(({ access }) => access.labDirectory === undefined);
  const labStacks = deployments.filter(({ access }) => access.labDirectory !== undefined).map(({ stack }) => stack);
  const lasts = ({ machines: on }: ProviderDescription): boolean => on === undefined || !labStacks.includes(on);
  const lasting = clusterStacks.filter(lasts);
  const left = leftStacks(program, [...deployments, ...clusterStacks]).filter(lasts);
  await runTasks([
    {
      title: "Remove what is left of stacks that left the program",
      enabled: () => left.length > 0,
      task: (_, task) => removeLeft(left, (line) => (task.output = line)),
    },
    {
      title: "Take back what was handed to the agents",
      enabled: () => lasting.some((stack) => handedOver(stack).length > 0),
      task: async (_, task) => {
        for (const stack of [...lasting].reverse()) await takeBack(stack, (line) => (task.output = line));
      },
    },
    {
      title: "cdktf destroy",
      enabled: () => machines.length + lasting.length > 0,
      task: () =>
        destroy(
          program,
          machines,
          lasting.filter((stack) => terraformResources(stack) > 0),
        ),
    },
    ...deployments.map((deployment) => ({
      title: `Remove ${deployment.name}`,
      task: () => remove(deployment, isThere),
    })),
    {
      title: "Remove the state",
      task: () => {
        for (const { stateFolder } of clusterStacks) rmSync(stateFolder, { recursive: true, force: true });
      },
    },
  ]);
}

async function destroy(
  program: Program,
  machines: readonly DeploymentDescription[],
  clusterStacks: readonly ProviderDescription[],
): Promise<void> {
  const stacks = [...machines, ...clusterStacks].map(({ stack }) => stack);
  if (stacks.length === 0) return;
  const { skipProviderLock } = await findProviderWay(program, clusterStacks);
  const { exitCode, all } = await program.run("destroy", { stacks, skipProviderLock });
  if (exitCode !== 0) throw new CliError(all ?? "cdktf destroy failed", "fix that, then run this again");
}

async function remove(
  { access, stateFolder, stack }: DeploymentDescription,
  isThere: (lab: string) => boolean,
): Promise<void> {
  if (access.labDirectory !== undefined && isThere(access.labDirectory)) {
    await lab(["stop", "--dir", access.labDirectory]);
    const left = await labMachines(access.labDirectory);
    if (left !== undefined)
      throw new CliError(`machines are left: ${left.map(({ name }) => name).join(", ")}`, "run this again");
  }
  rmSync(join(stateFolder, `${stack}.tfstate`), { force: true });
  rmSync(stateFolder, { recursive: true, force: true });
}
