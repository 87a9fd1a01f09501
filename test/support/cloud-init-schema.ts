import Ajv from "ajv-draft-04";
import { parse } from "yaml";
import schema from "./cloud-init-schema.json";

// cloud-init's own schema (Apache-2.0), as Debian ships it with 22.4.
const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

/** The schema is one part a module; a key that no part knows would be ignored by 22.4 and refused by newer versions. */
const knownKeys = new Set(
  Object.values(schema.$defs as Record<string, { properties?: object }>).flatMap(({ properties }) =>
    Object.keys(properties ?? {}),
  ),
);

/** What cloud-init's schema finds wrong with a `#cloud-config`; nothing where it is right. */
export function cloudConfigErrors(text: string): string[] {
  if (!text.startsWith("#cloud-config\n")) return ["the first line must be #cloud-config"];
  const document = parse(text) as object;
  validate(document);
  const unknown = Object.keys(document).filter((key) => !knownKeys.has(key));
  return [
    ...(validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`),
    ...unknown.map((key) => `unknown key ${key}`),
  ];
}
