import { Failure } from "../private/failure";
import { Contribution, SecretFile } from "./contribution";
import { fileFailures } from "./file-rules";
import { holdsNumber, holdsTerraformValue } from "./terraform-value";
import { unitNameFailures } from "./unit-rules";

export function secretFileFailures({ path, mode, reloads }: SecretFile): Failure[] {
  return [...fileFailures("secrets", { path, mode, content: "" }), ...unitNameFailures("secrets", reloads)];
}

const SENSITIVE_VARIABLE = 'new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue';

/** A secret is the one thing that must be Terraform's own; for contributions that Terraform brings. Its text is never repeated. */
export function plainSecretFailures({ secrets = [] }: Contribution): Failure[] {
  const cure = `give the value of a sensitive variable: ${SENSITIVE_VARIABLE}`;
  return secrets.flatMap(({ path, content }) => {
    if (holdsNumber(content)) {
      const rule = `can't hold a number in the content of ${path}, which would stand in the state as it is`;
      return [{ property: "secrets", rule, cure }];
    }
    if (holdsTerraformValue(content)) return [];
    const rule = `can't hold the content of ${path} as text, which would stand in the synthesized JSON`;
    return [{ property: "secrets", rule, cure }];
  });
}
