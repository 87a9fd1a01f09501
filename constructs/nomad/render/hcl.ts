import type { ApiJob, ApiNetwork, ApiObject } from "../api";
import { formatDuration } from "../../private/duration";

/** The fields that hold nanoseconds. A test compares them with the fields that are made of durations. */
const DURATIONS = new Set(
  "Interval Timeout Grace Splay Min Max Stagger MinHealthyTime HealthyDeadline ProgressDeadline Delay MaxDelay KillTimeout ShutdownDelay".split(
    " ",
  ),
);

/** Fields whose name in HCL is another than their own in snake_case. */
const NAMES: Readonly<Record<string, string>> = {
  Affinities: "affinity",
  Args: "args",
  Artifacts: "artifact",
  ChangeScript: "change_script",
  Checks: "check",
  Constraints: "constraint",
  CPU: "cpu",
  Crons: "crons",
  DestPath: "destination",
  EmbeddedTmpl: "data",
  Envvars: "env",
  ErrMissingKey: "error_on_missing_key",
  GetterHeaders: "headers",
  GetterMode: "mode",
  GetterOptions: "options",
  GetterSource: "source",
  GRPCService: "grpc_service",
  GRPCUseTLS: "grpc_use_tls",
  LeftDelim: "left_delimiter",
  LogConfig: "logs",
  LTarget: "attribute",
  MaxFileSizeMB: "max_file_size",
  MemoryMaxMB: "memory_max",
  MemoryMB: "memory",
  Operand: "operator",
  PortLabel: "port",
  RelativeDest: "destination",
  ReschedulePolicy: "reschedule",
  RestartPolicy: "restart",
  RightDelim: "right_delimiter",
  RTarget: "value",
  Services: "service",
  SizeMB: "size",
  SourcePath: "source",
  Specs: "crons",
  Spreads: "spread",
  TaskGroups: "group",
  TaskName: "task",
  Tasks: "task",
  Templates: "template",
  TLSServerName: "tls_server_name",
  TLSSkipVerify: "tls_skip_verify",
  VolumeMounts: "volume_mount",
};

/** Lists of blocks, and the field that is the block's label. */
const LISTS: Readonly<Record<string, string | undefined>> = {
  Affinities: undefined,
  Artifacts: undefined,
  Checks: undefined,
  Constraints: undefined,
  Services: undefined,
  Spreads: undefined,
  SpreadTarget: "Value",
  TaskGroups: "Name",
  Tasks: "Name",
  Templates: undefined,
  VolumeMounts: undefined,
};

/** Single blocks of known fields. */
const BLOCKS = new Set(
  "ChangeScript CheckRestart EphemeralDisk Lifecycle LogConfig Migrate Periodic ReschedulePolicy Resources RestartPolicy Update Wait".split(
    " ",
  ),
);

/** Blocks whose keys are the user's. */
const MAPS = new Set(["CanaryMeta", "Config", "Env", "GetterHeaders", "GetterOptions", "Header", "Meta"]);

/** What HCL has no argument for, since the block's label or another field has it; by the block. */
const UNSAID: Readonly<Record<string, ReadonlySet<string>>> = { Periodic: new Set(["Enabled", "SpecType"]) };

/** What an override may bring that HCL has otherwise, or not at all. */
const UNTOLD = new Set(["Connect", "Identities", "Multiregion", "ParameterizedJob", "Scaling", "Vault", "Consul"]);

/**
 * A job as a human-readable job file: HCL, made of what the API gets. It says the same, and Nomad takes it, but for fields that only an
 * override knows: those stay JSON in a comment.
 */
export function renderJobFile(job: ApiJob): string {
  const { ID: id, Name: name, ...rest } = job;
  return block("", `job ${hclString(id)}`, fields(INDENT, "Job", name === id ? rest : { Name: name, ...rest }));
}

const INDENT = "  ";

/** Lines of a block: its attributes, then the blocks in it. @param indent before each line */
function fields(indent: string, owner: string, object: ApiObject): string {
  const attributes: [name: string, value: string][] = [];
  const blocks: string[] = [];
  for (const [field, value] of Object.entries(object)) {
    if (value === undefined || UNSAID[owner]?.has(field)) continue;
    if (isBlock(field, value)) blocks.push(blockOf(indent, field, value));
    else attributes.push([nameOf(field), valueOf(field, value)]);
  }
  const lines = aligned(indent, attributes);
  return (lines === "" ? blocks : [lines, ...blocks]).join("\n");
}

function isBlock(field: string, value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    (field in LISTS ||
      BLOCKS.has(field) ||
      MAPS.has(field) ||
      field === "Networks" ||
      field === "Volumes" ||
      UNTOLD.has(field) ||
      !Array.isArray(value) ||
      value.some((each) => typeof each === "object"))
  );
}

function valueOf(field: string, value: unknown): string {
  if (DURATIONS.has(field) && typeof value === "number") return hclString(formatDuration(value));
  return field === "EmbeddedTmpl" ? hclText(String(value)) : hclValue(value);
}

function aligned(indent: string, attributes: readonly (readonly [name: string, value: string])[]): string {
  const widest = Math.max(0, ...attributes.map(([name]) => name.length));
  return attributes.map(([name, value]) => `${indent}${name.padEnd(widest)} = ${value}\n`).join("");
}

function blockOf(indent: string, field: string, value: unknown): string {
  const inner = indent + INDENT;
  if (field === "Networks") return (value as ApiNetwork[]).map((each) => network(indent, each)).join("");
  if (field === "Volumes")
    return Object.entries(value as Record<string, ApiObject>)
      .map(([label, volume]) =>
        block(indent, `volume ${hclString(label)}`, fields(inner, field, { ...volume, Name: undefined })),
      )
      .join("");
  if (MAPS.has(field)) return map(indent, nameOf(field), value as object);
  if (BLOCKS.has(field)) return block(indent, nameOf(field), fields(inner, field, value as ApiObject));
  if (!(field in LISTS)) return `${indent}# ${field}: ${JSON.stringify(value)}\n`;
  const label = LISTS[field];
  return (value as ApiObject[])
    .map((each) => {
      if (label === undefined) return block(indent, nameOf(field), fields(inner, field, each));
      const { [label]: name, ...rest } = each;
      const word = field === "SpreadTarget" ? "target" : nameOf(field);
      return block(indent, `${word} ${hclString(String(name))}`, fields(inner, field, rest));
    })
    .join("\n");
}

/** A block cannot have keys in quotes, an attribute can. */
function map(indent: string, name: string, object: object): string {
  const entries = Object.entries(object);
  const plain = entries.every(([key]) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key));
  const written = entries.map(([key, value]) => [plain ? key : hclString(key), hclValue(value)] as const);
  return block(indent, plain ? name : `${name} =`, aligned(indent + INDENT, written));
}

function network(indent: string, { DynamicPorts = [], ReservedPorts = [], ...rest }: ApiNetwork): string {
  const inner = indent + INDENT;
  const ports = [...ReservedPorts, ...DynamicPorts].map(({ Label, Value, ...port }) => {
    const fixed = Value === undefined ? "" : `${inner}${INDENT}static = ${Value}\n`;
    return block(inner, `port ${hclString(Label)}`, fixed + fields(inner + INDENT, "Port", port));
  });
  return block(indent, "network", fields(inner, "Network", rest) + ports.join(""));
}

/** @param body its lines, indented and each with its end */
function block(indent: string, head: string, body: string): string {
  return body === "" ? `${indent}${head} {}\n` : `${indent}${head} {\n${body}${indent}}\n`;
}

function nameOf(field: string): string {
  const known = names.get(field);
  if (known !== undefined) return known;
  const name = NAMES[field] ?? field.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  names.set(field, name);
  return name;
}

const names = new Map<string, string>();

/** What Nomad puts in when a task starts; HCL passes it on. Everything else with `${` has to be escaped. */
const RUNTIME_VARIABLE = /^\$\{(NOMAD_\w+|(attr|node|meta)\.[\w.-]+)\}/;

/** What has to be written by its number. */
const CONTROL = /\p{Cc}/gu;

/** A quoted HCL string. */
function hclString(text: string): string {
  // Most are plain words, and a program of many jobs has very many of them.
  if (/^[\w .:/@,-]*$/.test(text)) return `"${text}"`;
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
function hclText(text: string): string {
  const lines = text.split("\n");
  // A heredoc knows no escapes but those of templates, ends with a line end, and its last word can't be in it.
  const readable = text.endsWith("\n") && !text.replaceAll(/[\n\t]/g, "").match(CONTROL);
  if (!readable || lines.length < 3 || lines.some((line) => line.trim() === "EOH")) return hclString(text);
  return `<<EOH\n${escapeTemplate(text)}EOH`;
}

/** Any value of JSON. */
function hclValue(value: unknown): string {
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
