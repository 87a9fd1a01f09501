import { FollowedService, followWarnings } from "./followed";
import { Scheduler } from "./scheduler";

/** What is legal in a virtual service and probably not meant. */
export function serviceWarnings(service: {
  readonly realServers: readonly { readonly weight: number }[];
  readonly followed?: FollowedService;
  readonly scheduler: Scheduler;
}): string[] {
  const { realServers, followed, scheduler } = service;
  const warnings = followed === undefined ? [] : followWarnings(followed);
  if (realServers.length === 0 && followed === undefined)
    warnings.push("has no real server, so clients are refused: addRealServer");
  const weights = new Set(realServers.map(({ weight }) => weight).filter((weight) => weight > 0));
  if (scheduler.word === "rr" && weights.size > 1)
    warnings.push(
      `'weight' has no effect with Scheduler.ROUND_ROBIN (${[...weights].join(", ")}): use WEIGHTED_ROUND_ROBIN`,
    );
  return warnings;
}
