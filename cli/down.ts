import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Listr } from "listr2";
import { DeploymentDescription, ProviderDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { takeBack } from "./handover";
import { handedOver } from "./handover-state";
import { lab, labMachines } from "./lab";
import { PROGRESS } from "./progress";
import { Program } from "./program";
import { terraformResources } from "./provider-tasks";
import { findProviderWay } from "./provider-way";

/** `cdktf destroy`, then whatever a failed or crashed run left: afterwards there is nothing, also in the state folder. */
export async function down(example?: string): Promise<void> {
  const program = new Program(example);
  const deployments = program.deployments();
  const clusterStacks = program.providerStacks();
  if ([...deployments, ...clusterStacks].every(({ stateFolder }) => !existsSync(stateFolder))) {
    console.log("Nothing is up.");
    return;
  }
  // A lab goes as a whole, faster and also where Terraform knows only half of it; and with it what its agents keep.
  const machines = deployments.filter(({ access }) => access.kind !== "lab");
  const labStacks = deployments.filter(({ access }) => access.kind === "lab").map(({ stack }) => stack);
  const lasting = clusterStacks.filter(
    ({ stack }) => !program.stacksBefore(stack).some((one) => labStacks.includes(one)),
  );
  await new Listr<object, "default", "verbose">(
    [
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
      ...deployments.map((deployment) => ({ title: `Remove ${deployment.name}`, task: () => remove(deployment) })),
      {
        title: "Remove the state",
        task: () => {
          for (const { stateFolder } of clusterStacks) rmSync(stateFolder, { recursive: true, force: true });
        },
      },
    ],
    PROGRESS,
  ).run();
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
  if (exitCode !== 0) throw new CliError(all ?? "cdktf destroy failed", "mend that, then run this again");
}

async function remove({ access, stateFolder, stack }: DeploymentDescription): Promise<void> {
  if (access.labDirectory !== undefined && existsSync(access.labDirectory)) {
    await lab(["stop", "--dir", access.labDirectory]);
    const left = await labMachines(access.labDirectory);
    if (left !== undefined)
      throw new CliError(`machines are left: ${left.map(({ name }) => name).join(", ")}`, "run this again");
  }
  rmSync(join(stateFolder, `${stack}.tfstate`), { force: true });
  rmSync(stateFolder, { recursive: true, force: true });
}
