import { Failure } from "../private/failure";
import { Leaf, MOST_OF_A_NAME, oneLine } from "./document-text";
import { ObjectKind } from "./gateway-end";
import { textFailures } from "./value-rules";

/** The two ids that an object has: its construct's, which becomes Terraform's, and its own. */
export function idFailures(kind: ObjectKind, construct: string, objectId: string): Failure[] {
  const isConsumer = kind === "consumers";
  const property = isConsumer ? "username" : "objectId";
  return [
    // Terraform's names have no dots: 'a.b' and 'ab' would silently become one resource.
    ...textFailures(
      { id: construct },
      /^[\w-]+$/,
      "must have letters, digits, '-' and '_' only",
      `choose another one, and give ${property}: '${objectId}'`,
    ),
    ...(isConsumer
      ? textFailures(
          { username: objectId },
          /^[\w-]{1,256}$/,
          "must be 1 to 256 letters, digits, '-' and '_'",
          "write it like 'jack'",
        )
      : textFailures(
          { objectId },
          /^[\w.-]{1,64}$/,
          "must be 1 to 64 letters, digits, '-', '_' and '.'",
          "write it like 'hello'",
        )),
  ];
}

/**
 * What no text in a document may have: the gateway puts it into a file that APISIX looks through before it reads it, as YAML.
 */
export function textLeafFailures(leaves: readonly Leaf[]): Failure[] {
  const variables = leaves
    .filter(({ value }) => typeof value === "string" && value.includes("${{"))
    .map(({ at, value }) => ({
      property: at,
      rule: "can't have '${{' in it, which APISIX replaces by a variable of its environment",
      got: value,
      cure: 'name a secret by gateway.secret("NAME"), and write everything else itself',
    }));
  const longNames = leaves
    .filter(({ isName, value }) => isName && oneLine(String(value)).length > MOST_OF_A_NAME + '""'.length)
    .map(({ at, value }) => ({
      property: at,
      rule: `can't have a field whose name has more than ${MOST_OF_A_NAME} characters, as JSON writes it, or YAML refuses the whole document`,
      got: String(value),
      cure: "shorten it",
    }));
  return [...variables, ...longNames];
}
