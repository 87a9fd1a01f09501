/** A quoted literal in an interpolation, as `escapeTemplate` writes a longer run; or any start of a template. */
const TEMPLATE = /\$\{"([$%]+)"\}(?=\{)|[$%]+\{/g;

/**
 * The text that Terraform would make of a literal of the synthesized JSON: the inverse of constructs/private's
 * `escapeTemplate`, in Unicode's composed form as Terraform keeps it.
 *
 * @returns undefined where the text holds a reference or an expression, which only Terraform can evaluate
 */
export function templateLiteral(text: string): string | undefined {
  const starts = [...text.matchAll(TEMPLATE)];
  if (!starts.every(([found, run]) => run !== undefined || ESCAPED.includes(found))) return undefined;
  return text.replace(TEMPLATE, (found, run: string | undefined) => run ?? found.slice(1)).normalize("NFC");
}

/** How a template start of a single character is written where it is none. */
const ESCAPED = ["$${", "%%{"];

/**
 * {@link templateLiteral} for every string in plain JSON.
 *
 * @param values what Terraform made of those that are no literals
 * @throws TemplateExpression where one is in neither
 */
export function templateLiterals(value: unknown, values: ReadonlyMap<string, unknown> = new Map()): unknown {
  if (typeof value === "string") {
    const literal = templateLiteral(value);
    if (literal !== undefined) return literal;
    if (!values.has(value)) throw new TemplateExpression(value);
    return values.get(value);
  }
  if (Array.isArray(value)) return value.map((one) => templateLiterals(one, values));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      templateLiterals(key, values) as string,
      templateLiterals(inner, values),
    ]),
  );
}

/** Every string in plain JSON that is no literal, keys of objects included. */
export function expressionsIn(value: unknown): string[] {
  if (typeof value === "string") return templateLiteral(value) === undefined ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...expressionsIn(key), ...expressionsIn(inner)]);
}

/** A string that is no literal. */
export class TemplateExpression extends Error {}
