import { AgentApi } from "./agent-api";
import { reasonLines } from "./failed-allocations";
import { Deployment, JobName, lastDeployment } from "./nomad-api";
import { placementLines } from "./placement";

/** How often a job is asked for while Terraform waits for it, in milliseconds. */
const PERIOD = 1000;

/** How far a deployment is, and at once what keeps it: "0 of 1 in group web healthy; group 'web' found no place: …". */
export async function deploymentLine(nomad: AgentApi, job: JobName, { ID, TaskGroups }: Deployment): Promise<string> {
  const health = Object.entries(TaskGroups ?? {}).map(
    ([name, { HealthyAllocs: healthy, DesiredTotal: all }]) => `${healthy} of ${all} in group ${name} healthy`,
  );
  return [health.join(", "), ...(await reasonLines(nomad, ID)), ...(await placementLines(nomad, job))].join("; ");
}

/** Shows how far jobs are while Terraform's provider waits for them. @returns what ends it */
export function watchJobs(
  jobs: readonly { readonly nomad: AgentApi; readonly job: JobName }[],
  show: (line: string) => void,
): () => void {
  let stopped = false;
  const shown = new Map<JobName, string>();
  const look = async (): Promise<void> => {
    for (const { nomad, job } of jobs) {
      const deployment = await lastDeployment(nomad, job);
      if (stopped || deployment?.Status !== "running") continue;
      const line = await deploymentLine(nomad, job, deployment);
      if (shown.get(job) !== line) show(`job ${job.id}: ${line}`);
      shown.set(job, line);
    }
  };
  const again = (): void => {
    if (stopped) return;
    // An agent that does not answer just now is Terraform's to tell.
    void look()
      .catch(() => undefined)
      .then(() => setTimeout(again, PERIOD));
  };
  again();
  return () => {
    stopped = true;
  };
}
