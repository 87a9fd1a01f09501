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

/** What HCL has no argument for, since the block's label or another field has it. */
const UNSAID = new Set(["Periodic.Enabled", "Periodic.SpecType"]);

/** What an override may bring that HCL has otherwise, or not at all. */
const UNTOLD = new Set(["Connect", "Identities", "Multiregion", "ParameterizedJob", "Scaling", "Vault", "Consul"]);

/**
 * A job as a human-readable job file: HCL, made of what the API gets. It says the same, and Nomad takes it, but for fields that only an
 * override knows: those stay JSON in a comment.
 */
export function renderJobFile(job: ApiJob): string {
  const { ID: id, Name: name, ...rest } = job;
  const body = fields("Job", name === id ? rest : { Name: name, ...rest });
  return `${block(`job ${hclString(id)}`, body)
    .join("\n")
    .replaceAll(VERBATIM, "")}\n`;
}

function fields(owner: string, object: ApiObject): string[] {
  const present = Object.entries(object).filter(
    ([field, value]) => value !== undefined && !UNSAID.has(`${owner}.${field}`),
  );
  const attributes = present.filter(([field, value]) => !isBlock(field, value));
  const widest = Math.max(0, ...attributes.map(([field]) => nameOf(field).length));
  const blocks = present
    .filter(([field, value]) => isBlock(field, value))
    .map(([field, value]) => blockOf(field, value));
  return [
    ...attributes.flatMap(([field, value]) => attribute(field, value, widest)),
    ...blocks.flatMap((lines, index) => (index === 0 && attributes.length === 0 ? lines : ["", ...lines])),
  ];
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

function attribute(field: string, value: unknown, width: number): string[] {
  const name = nameOf(field).padEnd(width);
  if (DURATIONS.has(field) && typeof value === "number") return [`${name} = ${hclString(formatDuration(value))}`];
  if (field === "EmbeddedTmpl")
    return `${name} = ${hclText(String(value))}`
      .split("\n")
      .map((line, index) => (index === 0 ? line : VERBATIM + line));
  return [`${name} = ${hclValue(value)}`];
}

function blockOf(field: string, value: unknown): string[] {
  if (field === "Networks") return (value as ApiNetwork[]).flatMap(network);
  if (field === "Volumes")
    return Object.entries(value as Record<string, ApiObject>).flatMap(([label, volume]) =>
      block(`volume ${hclString(label)}`, fields(field, { ...volume, Name: undefined })),
    );
  if (MAPS.has(field)) return map(nameOf(field), value as object);
  if (BLOCKS.has(field)) return block(nameOf(field), fields(field, value as ApiObject));
  if (!(field in LISTS)) return [`# ${field}: ${JSON.stringify(value)}`];
  const label = LISTS[field];
  return (value as ApiObject[]).flatMap((each, index) => {
    const { [label ?? ""]: name, ...rest } = each;
    const head =
      label === undefined
        ? nameOf(field)
        : `${field === "SpreadTarget" ? "target" : nameOf(field)} ${hclString(String(name))}`;
    return [...(index === 0 ? [] : [""]), ...block(head, fields(field, label === undefined ? each : rest))];
  });
}

/** A block cannot have keys in quotes, an attribute can. */
function map(name: string, object: object): string[] {
  const keys = Object.keys(object);
  const plain = keys.every((key) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key));
  const written = new Map(keys.map((key) => [key, plain ? key : hclString(key)]));
  const widest = Math.max(0, ...[...written.values()].map((key) => key.length));
  const lines = Object.entries(object).map(
    ([key, value]) => `${(written.get(key) ?? key).padEnd(widest)} = ${hclValue(value)}`,
  );
  return block(plain ? name : `${name} =`, lines);
}

function network({ DynamicPorts = [], ReservedPorts = [], ...rest }: ApiNetwork): string[] {
  const ports = [...ReservedPorts, ...DynamicPorts].flatMap(({ Label, Value, ...port }) =>
    block(`port ${hclString(Label)}`, [...(Value === undefined ? [] : [`static = ${Value}`]), ...fields("Port", port)]),
  );
  return block("network", [...fields("Network", rest), ...ports]);
}

/** Marks lines of a heredoc, which must not be indented. */
const VERBATIM = "\u0000";

function block(head: string, body: readonly string[]): string[] {
  if (body.length === 0) return [`${head} {}`];
  const indented = body.map((line) => (line.startsWith(VERBATIM) || line === "" ? line : `  ${line}`));
  return [`${head} {`, ...indented, "}"];
}

function nameOf(field: string): string {
  const name =
    names.get(field) ?? NAMES[field] ?? field.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
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
