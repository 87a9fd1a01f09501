/** What Nomad puts in when a task starts; HCL passes it on. Everything else with `${` has to be escaped. */
const RUNTIME_VARIABLE = /^\$\{(NOMAD_\w+|(attr|node|meta)\.[\w.-]+)\}/;

/** What has to be written by its number. */
const CONTROL = /\p{Cc}/gu;

/** A quoted HCL string. */
export function hclString(text: string): string {
  const quoted = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replaceAll(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${escapeTemplate(quoted)}"`;
}

/** A text of lines as a heredoc, where it can be; else a quoted string. */
export function hclText(text: string): string {
  const lines = text.split("\n");
  // A heredoc knows no escapes but those of templates, ends with a line end, and its last word can't be in it.
  const readable = text.endsWith("\n") && !text.replaceAll(/[\n\t]/g, "").match(CONTROL);
  if (!readable || lines.length < 3 || lines.some((line) => line.trim() === "EOH")) return hclString(text);
  return `<<EOH\n${escapeTemplate(text)}EOH`;
}

/** Any value of JSON. */
export function hclValue(value: unknown): string {
  if (typeof value === "string") return hclString(value);
  if (Array.isArray(value)) return `[${value.map(hclValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => `${hclString(key)} = ${hclValue(each)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return value === undefined ? "null" : JSON.stringify(value);
}

/** `$` or `%` before a brace starts a template, unless it is doubled. */
function escapeTemplate(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, (sigil, offset: number) =>
    RUNTIME_VARIABLE.test(text.slice(offset)) && !/[$%]/.test(text[offset - 1] ?? "") ? sigil : sigil + sigil,
  );
}
