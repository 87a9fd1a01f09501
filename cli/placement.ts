import { AgentApi } from "./agent-api";
import { Evaluation, evaluationsOf, JobName } from "./nomad-api";

/** Why groups of a job have no place, by the newest evaluation with such a failure; empty where all have one. */
export async function placementLines(nomad: AgentApi, job: JobName): Promise<string[]> {
  const evaluations = [...(await evaluationsOf(nomad, job))].sort((a, b) => b.CreateIndex - a.CreateIndex);
  // Evaluations that follow, of a deployment for example, don't repeat what a blocked one waits for.
  const telling = evaluations.find(({ Status: status }) => status === "blocked") ?? evaluations[0];
  return telling === undefined ? [] : reasons(telling);
}

function reasons({ FailedTGAllocs: failed }: Evaluation): string[] {
  return Object.entries(failed ?? {}).map(([group, metrics]) => {
    const missing = [
      ...counts(metrics.ConstraintFiltered).map(([what, n]) => `${n} filtered by ${what}`),
      ...counts(metrics.DimensionExhausted).map(([what, n]) => `${n} without enough ${what}`),
    ];
    return `group '${group}' found no place: ${[`${metrics.NodesEvaluated} clients looked at`, ...missing].join(", ")}`;
  });
}

function counts(counted: Readonly<Record<string, number>> | null): [string, number][] {
  return Object.entries(counted ?? {});
}
