import { Token } from "cdktf";
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
