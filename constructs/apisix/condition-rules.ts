import { Failure } from "../private/failure";

/**
 * What has to hold: `["arg_version", "==", "v2"]`, or `["arg_version", "!", "in", ["v1", "v2"]]` for the opposite.
 * Names are nginx's variables without their dollar.
 *
 * @see https://github.com/api7/lua-resty-expr#operator-list
 */
export type Condition =
  | readonly [name: string, operator: string, value: unknown]
  | readonly [name: string, not: "!", operator: string, value: unknown];

const OPERATORS = ["==", "~=", ">", ">=", "<", "<=", "~~", "~*", "in", "has", "ipmatch"];

export function conditionFailures(at: string, conditions: readonly (readonly unknown[])[]): Failure[] {
  return conditions.flatMap((condition, index) => {
    const property = `${at}[${index}]`;
    const cure = 'write it like ["arg_version", "==", "v2"]';
    if (!Array.isArray(condition)) return [{ property, rule: "must be a list", got: condition, cure }];
    const parts = condition as readonly unknown[];
    const [name, operator, value] = parts[1] === "!" ? [parts[0], parts[2], parts[3]] : [parts[0], parts[1], parts[2]];
    const long = parts[1] === "!" ? 4 : 3;
    if (parts.length !== long || typeof name !== "string" || name === "" || value === undefined)
      return [{ property, rule: "must be [name, operator, value]", got: condition, cure }];
    if (name.startsWith("$"))
      return [{ property, rule: "must have a name without a dollar", got: name, cure: `write '${name.slice(1)}'` }];
    if (!OPERATORS.includes(String(operator)))
      return [{ property, rule: `must have one of the operators ${OPERATORS.join(" ")}`, got: operator, cure }];
    const listed = operator === "in" || operator === "ipmatch";
    if (operator === "in" && !Array.isArray(value))
      return [{ property, rule: "must have a list for 'in'", got: value, cure: 'write it like ["a", "b"]' }];
    return listed || !Array.isArray(value)
      ? []
      : [{ property, rule: `can't have a list for '${String(operator)}'`, got: value, cure: "use 'in'" }];
  });
}
