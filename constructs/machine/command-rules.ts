import { Failure } from "../private/failure";
import { ReadyCheck } from "./contribution";
import { check, isShellText } from "./text-rules";

/** @param property of the contribution that holds the command */
export function commandFailures(property: string, text: string): Failure[] {
  return check(
    isShellText(text),
    property,
    "must be shell text without NUL and halves of characters",
    text,
    "write a command",
  );
}

export function readyFailures(given: string | ReadyCheck): Failure[] {
  const { check: text, seconds } = typeof given === "string" ? { check: given, seconds: undefined } : given;
  const possible = seconds === undefined || (Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400);
  return [
    ...commandFailures("ready", text),
    ...check(
      possible,
      "ready",
      "must wait for a whole number of seconds from 1 to 86400",
      seconds,
      "choose one like 120",
    ),
  ];
}
