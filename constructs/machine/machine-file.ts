import { Failure } from "../private/failure";
import { holdsNumber, holdsTerraformValue } from "./terraform-value";
import { contentFailures, modeFailures, pathFailures } from "./text";
import { unitNameFailures } from "./unit";

/** A file of a machine, owned by root. */
export interface MachineFile {
  /** Absolute path. */
  readonly path: string;
  /** Text of the file. */
  readonly content: string;
  /** Octal. @default "0644" */
  readonly mode?: string;
}

/** A file that changes while the machine runs. */
export interface LiveFile extends MachineFile {
  /** The systemd unit that is reloaded after a change. */
  readonly reloads: string;
}

/** A file that Terraform writes on the running machine: at the first deployment, and when its content or the machine has changed. */
export interface SecretFile {
  /** Absolute path. The file belongs to root; a unit with another user reads it with systemd's `LoadCredential=`. */
  readonly path: string;
  /**
   * The value of a sensitive variable; the text around it may be public:
   * `new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue`. Two roles that share a file
   * give the same string. No NUL character, and at most 128 KiB: it travels in an environment variable.
   */
  readonly content: string;
  /** Octal. @default "0600" */
  readonly mode?: string;
  /** The systemd unit that is reloaded after a change (restarted if it can't reload), and started if it does not run. */
  readonly reloads: string;
}

/** @param property of the contribution that holds the file, as for all rules of this module */
export function fileFailures(property: string, { path, mode, content }: MachineFile): Failure[] {
  return [
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...contentFailures(property, path, content),
  ];
}

export function liveFileFailures(file: LiveFile): Failure[] {
  return [...fileFailures("liveFiles", file), ...unitNameFailures("liveFiles", file.reloads)];
}

export function secretFileFailures({ path, mode, reloads }: SecretFile): Failure[] {
  return [...fileFailures("secrets", { path, mode, content: "" }), ...unitNameFailures("secrets", reloads)];
}

const SENSITIVE_VARIABLE = 'new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue';

/** A secret is the one thing that must be Terraform's own, where Terraform brings it. Its text is never repeated. */
export function plainSecretFailures(secrets: readonly SecretFile[] = []): Failure[] {
  const cure = `give the value of a sensitive variable: ${SENSITIVE_VARIABLE}`;
  return secrets.flatMap(({ path, content }) => {
    if (holdsNumber(content)) {
      const rule = `can't hold a number in the content of ${path}, which would be in the state as plain text`;
      return [{ property: "secrets", rule, cure }];
    }
    if (holdsTerraformValue(content)) return [];
    const rule = `can't hold the content of ${path} as text, which would be in the synthesized JSON`;
    return [{ property: "secrets", rule, cure }];
  });
}
