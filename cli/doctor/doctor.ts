import { CliError } from "../errors";
import { typed, wordsOf } from "../package";
import { chooseRunning } from "../running";
import { readSecrets } from "../secrets/store";
import { endingSoon } from "../secrets/supply";
import { examinationText, examine } from "./examination";

export interface DoctorOptions {
  /** Which deployment, where several are up. */
  readonly deployment?: string;
  /** Prints JSON. @default false */
  readonly json?: boolean;
  /** Machine that sends the requests. @default - the deployment's client */
  readonly from?: string;
}

/**
 * Sends requests to each virtual service of the deployment that is up. Where one is not answered, or late, it prints cause, evidence and
 * cure. It changes nothing. The exit code is 1 if something is wrong.
 */
export async function doctor({ deployment: wanted, json = false, from }: DoctorOptions): Promise<void> {
  const { deployment, synthesis } = await chooseRunning({ deployment: wanted, machine: from });
  const topology = synthesis.topology(deployment.stack);
  if (topology === undefined)
    throw new CliError(
      `an earlier release has synthesized '${deployment.name}': there is no topology.json`,
      typed("up", ...wordsOf(synthesis.example)),
    );
  const show = (line: string): void => {
    if (!json) console.error(`doctor ${line} …`);
  };
  const all = await examine(deployment, topology, show, from);
  const text = all.length === 0 ? "There is no virtual service to ask." : all.map(examinationText).join("\n\n");
  for (const line of endingSoon(readSecrets(deployment.stateFolder), synthesis.example))
    console.error(`Warning: ${line}`);
  process.stdout.write(`${json ? JSON.stringify(all, null, 2) : text}\n`);
  if (all.some(({ findings }) => findings.length > 0)) process.exitCode = 1;
}
