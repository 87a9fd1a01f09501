import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Listr } from "listr2";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab, labMachines } from "./lab";
import { PROGRESS } from "./progress";
import { Program } from "./program";

/** `cdktf destroy`, then whatever a failed or crashed run left: afterwards there is nothing, also in the state folder. */
export async function down(example?: string): Promise<void> {
  const program = new Program(example);
  const deployments = program.deployments();
  if (deployments.every(({ stateFolder }) => !existsSync(stateFolder))) {
    console.log("Nothing is up.");
    return;
  }
  await new Listr<object, "default", "verbose">(
    [
      {
        title: "cdktf destroy",
        // A lab goes as a whole, faster and also where Terraform knows only half of it.
        enabled: () => deployments.some(({ access }) => access.kind !== "lab"),
        task: async () => {
          const { exitCode, all } = await program.run("destroy");
          if (exitCode !== 0) throw new CliError(all ?? "cdktf destroy failed", "mend that, then run this again");
        },
      },
      ...deployments.map((deployment) => ({ title: `Remove ${deployment.name}`, task: () => remove(deployment) })),
    ],
    PROGRESS,
  ).run();
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
