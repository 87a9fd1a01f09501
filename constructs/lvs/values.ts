import { Token } from "cdktf";
import { durationFailures, DurationRange } from "../private/duration";
import { Validation } from "../private/validation";

/** Refuses what Terraform would only know later: rules are part of a machine's first boot, so they are text at synth. */
export function requireKnown(validation: Validation, values: Readonly<Record<string, unknown>>): void {
  for (const [property, value] of Object.entries(values)) {
    validation.require(!Token.isUnresolved(value), {
      property,
      rule: "must be known at synth, and this is a reference that Terraform resolves later",
      cure: "write the value itself, or take it from a machine of the inventory",
    });
  }
}

/** Go duration text within a range; left out it passes. */
export function requireDuration(
  validation: Validation,
  property: string,
  text: string | undefined,
  range: DurationRange,
  cure: string,
): void {
  requireKnown(validation, { [property]: text });
  if (!Token.isUnresolved(text)) validation.add(...durationFailures({ [property]: text }, range, cure));
}
