/** A string token as cdktf writes it into text; everything else in the text is a literal. */
const TOKEN = /(\$\{TfToken\[[^\]]+\]\})/;

/** `$` and `%` directly before a `{`: the only places where Terraform's template language starts. */
const TEMPLATE_START = /[$%]+(?=\{)/g;

/**
 * Makes any text come out of Terraform byte for byte as it went in; tokens keep working. (Terraform itself brings all text
 * into Unicode's composed form, NFC: text in another form can't pass through it, escaped or not.)
 *
 * A single `${` becomes `$${` (the usual spelling). In a longer run, `$${` would itself be read as an escape, so the
 * run goes into a quoted literal of its own: `${"$$"}{`.
 */
export function escapeTemplate(text: string): string {
  return text
    .split(TOKEN)
    .map((part, index) => (index % 2 === 1 ? part : escapeLiteral(part)))
    .join("");
}

/** The text with each of its tokens replaced; what stands around them stays as it is. */
export function mapTokens(text: string, replace: (token: string) => string): string {
  return text
    .split(TOKEN)
    .map((part, index) => (index % 2 === 1 ? replace(part) : part))
    .join("");
}

/** {@link escapeTemplate} for every string in a value of plain JSON, object keys included. */
export function escapeTemplates(value: unknown): unknown {
  if (typeof value === "string") return escapeTemplate(value);
  if (Array.isArray(value)) return value.map(escapeTemplates);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [escapeTemplate(key), escapeTemplates(inner)]),
    );
  }
  return value;
}

function escapeLiteral(text: string): string {
  return text.replace(TEMPLATE_START, (run) => (run.length === 1 ? run + run : `\${"${run}"}`));
}
