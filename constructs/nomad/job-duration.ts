import { Failure } from "../private/failure";
import { formFailures, parseDuration } from "../private/duration";

export { formatDuration, nanoseconds, parseDuration, secondsOf } from "../private/duration";

const LONGEST_HOURS = 2400;

/** What is wrong with durations of a job, by property; left out ones pass. @param least in seconds */
export function durationFailures(durations: Readonly<Record<string, string | undefined>>, least = 0): Failure[] {
  return Object.entries(durations).flatMap(([property, text]): Failure[] => {
    const value = text === undefined ? undefined : parseDuration(text);
    if (value === undefined) return formFailures(property, text);
    if (value < least * 1e9)
      return [
        { property, rule: `must be at least ${least}s, Nomad's minimum`, got: text, cure: `use '${least}s' or more` },
      ];
    if (value > LONGEST_HOURS * 3600e9)
      return [{ property, rule: `must be at most ${LONGEST_HOURS}h`, got: text, cure: "choose a shorter one" }];
    return [];
  });
}
