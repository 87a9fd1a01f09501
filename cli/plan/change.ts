import { ClusterObject, clusterObjects, identity, jobOf } from "../handover/objects";
import { isSupported, LiteralResource } from "../handover/resources";

/** A text that changes: a file of a machine, or a part of its boot content. */
export interface TextChange {
  /** Path of the file, or name of the part. */
  readonly name: string;
  /** Left out where it is new. */
  readonly before?: string;
  /** Left out where it goes. */
  readonly after?: string;
}

export interface MachineChange {
  readonly name: string;
  /** A machine can't be changed in place: it is removed and made anew. */
  readonly action: "add" | "replace" | "remove";
  /** Why it is made anew. */
  readonly reasons: readonly string[];
  /** Whether it was never finished, so that nothing is lost with it. */
  readonly unfinished?: boolean;
  /** Its boot content, where the one before is known. */
  readonly boot: readonly TextChange[];
  /** Directors that drain its real servers before it goes. */
  readonly drainedBy: readonly string[];
}

/** Files that are pushed to a machine that runs on. */
export interface FileChange {
  readonly machine: string;
  readonly files: readonly TextChange[];
  /** Names of the secrets whose content changes. */
  readonly secrets: readonly string[];
}

/** An object in Consul, a job or a variable in Nomad. */
export interface ObjectChange {
  /** `key apisix/gateway/routes/hello` */
  readonly name: string;
  readonly action: "add" | "change" | "remove";
  /** Left out for an object that holds secrets. */
  readonly text?: TextChange;
}

/** What one stack would change. */
export interface StackChanges {
  readonly machines: readonly MachineChange[];
  readonly files: readonly FileChange[];
  /** Other resources of Terraform, such as the lab's network. */
  readonly others: readonly string[];
  readonly objects: readonly ObjectChange[];
}

/** A resource in the output of `terraform show -json PLAN`. @see https://developer.hashicorp.com/terraform/internals/json-format */
export interface ResourceChange {
  readonly type: string;
  readonly name: string;
  readonly action_reason?: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Attributes | null;
    readonly after: Attributes | null;
    readonly before_sensitive?: unknown;
    readonly after_sensitive?: unknown;
  };
}

type Attributes = Record<string, unknown>;
type Triggers = Readonly<Record<string, string>>;

/**
 * What a plan of Terraform means.
 *
 * @param bootOf the changes of a machine's boot content, by its logical id and the hash before; empty where that one is not known
 */
export function changesOf(
  resources: readonly ResourceChange[],
  bootOf: (id: string, before: string) => readonly TextChange[],
): StackChanges {
  const changed = resources.filter(({ change: { actions } }) => !["no-op", "read"].includes(actions[0] ?? ""));
  const data = changed.filter(({ type }) => type === "terraform_data");
  const machines = data
    .filter(isMachine)
    .map((one) => ({ ...machineChange(one, bootOf), drainedBy: drainsOf(data, one) }));
  const made = new Set(data.filter(isMachine).map(({ name }) => name));
  const parts = data.filter((one) => !isMachine(one));
  const foreign = changed.filter(({ type }) => type !== "terraform_data" && !isSupported(type));
  return {
    machines,
    files: parts.flatMap((one) => fileChange(one, made)),
    others: [
      ...parts.flatMap(({ name }) => (PART.test(name) || made.has(belongsTo(name)) ? [] : [name.replaceAll("_", " ")])),
      ...foreign.map(({ type, name }) => `${type}.${name}`),
    ],
    objects: changed.filter(({ type }) => isSupported(type)).flatMap(objectChanges),
  };
}

/** `web1_live` and `web1_secrets` belong to the machine `web1`. */
const PART = /^(.+)_(live|secrets)$/;

/** `ipvs_drains_web1` and `web1_farewell` do their work when `web1` goes. */
const AT_THE_END = /^(?:(.+)_drains_)?(.+?)(?:_farewell)?$/;

/** Logical id of the machine. */
function belongsTo(name: string): string {
  return AT_THE_END.exec(name)?.[2] ?? "";
}

/** Directors that have drained a machine until now, and so do it once more. */
function drainsOf(all: readonly ResourceChange[], machine: ResourceChange): string[] {
  return all
    .filter(({ change, name }) => change.before !== null && belongsTo(name) === machine.name)
    .flatMap(({ name }) => AT_THE_END.exec(name)?.[1] ?? []);
}

function isMachine(resource: ResourceChange): boolean {
  const { before, after } = triggersOf(resource);
  return "boot" in (before ?? after ?? {});
}

function machineChange(
  resource: ResourceChange,
  bootOf: (id: string, before: string) => readonly TextChange[],
): Omit<MachineChange, "drainedBy"> {
  const { before, after } = triggersOf(resource);
  const { name = resource.name } = JSON.parse((after ?? before)?.hardware ?? "{}") as { name?: string };
  if (before === undefined || after === undefined) {
    return { name, action: before === undefined ? "add" : "remove", reasons: [], boot: [] };
  }
  if (resource.action_reason === "replace_because_tainted")
    return { name, action: "replace", reasons: ["it was not finished"], unfinished: true, boot: [] };
  const boot = before.boot === after.boot ? [] : bootOf(resource.name, before.boot ?? "");
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const reasons = [...keys].filter((key) => before[key] !== after[key]);
  return { name, action: "replace", reasons: reasons.flatMap((key) => reasonOf(key, before, after)), boot };
}

function reasonOf(key: string, before: Triggers, after: Triggers): string[] {
  if (key === "boot") return ["boot content"];
  if (key === "hardware") return hardwareReasons(before[key], after[key]);
  // Known only after the network it stands for was made.
  if (!(key in after)) return [`${key} is made anew`];
  return [`${key}: ${before[key] ?? "none"} → ${after[key] ?? ""}`];
}

/** `memoryMiB: 512 → 1024` */
function hardwareReasons(before = "{}", after = "{}"): string[] {
  const [old, now] = [before, after].map((text) => JSON.parse(text) as Attributes) as [Attributes, Attributes];
  const told = (value: unknown): string => (value === undefined ? "none" : JSON.stringify(value));
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((key) => told(old[key]) !== told(now[key]))
    .map((key) => `${key}: ${told(old[key])} → ${told(now[key])}`);
}

/** @param made machines that are made anew, added or removed: their files come and go with them */
function fileChange(resource: ResourceChange, made: ReadonlySet<string>): FileChange[] {
  const [, machine = "", kind] = PART.exec(resource.name) ?? [];
  if (machine === "" || made.has(machine)) return [];
  const { before = {}, after = {} } = triggersOf(resource);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => key !== "machine" && before[key] !== after[key])
    .sort();
  if (names.length === 0) return [];
  if (kind === "secrets") return [{ machine, files: [], secrets: names }];
  return [{ machine, files: names.map((name) => textChange(name, before[name], after[name])), secrets: [] }];
}

function triggersOf({ change: { before, after } }: ResourceChange): { before?: Triggers; after?: Triggers } {
  const [old, now] = [before, after].map((attributes) => attributes?.triggers_replace as Triggers | undefined);
  return { ...(old && { before: old }), ...(now && { after: now }) };
}

function objectChanges(resource: ResourceChange): ObjectChange[] {
  const { before, after, before_sensitive, after_sensitive } = resource.change;
  const old = before === null ? [] : objectsOf(resource, before, before_sensitive);
  const now = after === null ? [] : objectsOf(resource, after, after_sensitive);
  return compareObjects(old, now);
}

function objectsOf({ type, name }: ResourceChange, attributes: Attributes, sensitive: unknown): ClusterObject[] {
  // The providers mark a token as sensitive even where there is none.
  const secret = JSON.stringify(sensitive ?? false, (key, value: unknown) => key !== "token" && value).includes("true");
  return clusterObjects({ type, path: name, attributes, secret } as LiteralResource);
}

/** What differs between two lists of objects. */
export function compareObjects(before: readonly ClusterObject[], after: readonly ClusterObject[]): ObjectChange[] {
  const old = new Map(before.map((one) => [identity(one), one]));
  const now = new Map(after.map((one) => [identity(one), one]));
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key): ObjectChange[] => {
    const [was, is] = [old.get(key), now.get(key)];
    const name = `${(is ?? was)?.kind ?? ""} ${(is ?? was)?.path ?? ""}`;
    if (was === undefined) return [{ name, action: "add" }];
    if (is === undefined) return [{ name, action: "remove" }];
    if (was.secret || is.secret) return [{ name, action: "change" }];
    const text = textChange(name, objectText(was), objectText(is));
    return text.before === text.after ? [] : [{ name, action: "change", text }];
  });
}

function objectText(object: ClusterObject): string {
  switch (object.kind) {
    case "key":
      return pretty(object.value);
    case "config-entry":
      return pretty(object.entry);
    case "node":
      return pretty(object.node);
    case "service":
      return pretty(object.service);
    case "job":
      return pretty(jobOf(object.job.source));
    case "variable":
      return Object.keys(object.variable.Items).join("\n");
  }
}

/** JSON of many lines where it is JSON, so that a difference is one line. */
function pretty(value: unknown): string {
  try {
    return `${JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2)}\n`;
  } catch {
    return String(value);
  }
}

function textChange(name: string, before: string | undefined, after: string | undefined): TextChange {
  return { name, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}
