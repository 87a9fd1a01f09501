/** How something is; decides its colour on the page. */
export type Mood = "" | "good" | "warn" | "bad";

/** That of a machine by its state. */
export function stateMood(state: string): Mood {
  if (["ready", "deployed"].includes(state)) return "good";
  return state === "booting" ? "warn" : "bad";
}

/** That of a check of Consul, or of an instance of a job. */
export function healthMood(health: string): Mood {
  if (["passing", "healthy", "running"].includes(health)) return "good";
  return health === "warning" ? "warn" : "bad";
}
