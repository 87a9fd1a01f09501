import { describeMachine, Machine } from "./machine";
import { Summary } from "./statistics";

/** `1,000` */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A median with the least and the most: `1.2 s (1.0 to 1.4)`. @param words of a value, without its unit */
export function spread({ median, least, most }: Summary, words: (value: number) => string, unit = ""): string {
  return `${words(median)}${unit} (${words(least)} to ${words(most)})`;
}

/** With so many digits behind the point. */
export function digits(number: number): (value: number) => string {
  return (value) => value.toFixed(number);
}

/** The last line of a report. @param what and where: `Times are of guests on this machine` */
export function origin(what: string, machine: Machine, runs: number): string {
  const how =
    runs === 1 ? "Each was measured once." : `Each is the median of ${runs} runs, with the least and the most.`;
  return `${what}: ${describeMachine(machine)}. ${how}`;
}
