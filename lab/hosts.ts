import type { Progress } from "./events";
import { guestRuns } from "./guest";
import { hostsLinesOf, hostsScript, knownHosts, saveHosts } from "./hosts-text";
import { runScript } from "./remote";
import type { LabState } from "./state";

/** Brings a machine that is ready the names as they are now. One that can't be reached has old ones until its next boot. */
export async function bringHosts(state: LabState, name: string, progress: Progress): Promise<void> {
  const lines = hostsLinesOf(state, state.machine(name));
  if (knownHosts(state, name) === lines) return;
  if (state.guest(name).phase !== "ready" || !guestRuns(state, name)) return;
  const { exitCode } = await runScript(state, name, hostsScript(lines), 20_000);
  if (exitCode === 0) saveHosts(state, name, lines);
  else progress.tell(name, "network", "does not answer: it has older names of its neighbours until its next boot");
}
