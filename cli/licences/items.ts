import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DeployedMachine, DeploymentDescription, MachineContents } from "../../constructs/deployment";
import { PACKAGE_FOLDER } from "../package";
import { Synthesis } from "../synthesis";
import { debianLicence, imageLicence, isOpenSource, Licence, programLicence, VENDORS_PROGRAMS } from "./licence";

/** Kinds of what lands on a machine, in the order in which they are listed. */
const KINDS = ["program", "image", "package", "vipstack's own"] as const;

/** One thing that lands on machines, as `vipstack licences --json` has it. */
export interface Item extends Licence {
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
  /** @default - the distribution's, or not known */
  readonly version?: string;
  /** `sha256:` and digits. @default - not known at synth */
  readonly sum?: string;
  /** @default - not known */
  readonly openSource?: boolean;
  /** Names of its machines. */
  readonly machines: readonly string[];
  /** Path on the machine; for an image, the whole name. @default - a package */
  readonly place?: string;
}

/** Everything that a synthesized program brings to its machines, each version once. */
export function itemsOf(synthesis: Synthesis, deployments: readonly DeploymentDescription[]): Item[] {
  const all = deployments.flatMap(({ machines }) => machines);
  const clients = all.filter(({ roles }) => roles.includes("Nomad client")).map(({ name }) => name);
  const ofJobs = jobImages(synthesis).map((image) => imageItem(image, clients));
  return merged([...all.flatMap(machineItems), ...ofJobs]);
}

function machineItems({ name: machine, contents }: DeployedMachine): Item[] {
  if (contents === undefined) return [];
  const machines = [machine];
  return [
    ...contents.downloads.map((download) => downloadItem(download, machines)),
    ...contents.images.map((image) => imageItem(image, machines)),
    ...contents.packages.map((name) => packageItem(name, contents, machines)),
    ...contents.programs.map(({ path, sha256 }) => ownItem(path, sha256, machines)),
  ];
}

function downloadItem(
  { url, sha256, path, version }: MachineContents["downloads"][number],
  machines: readonly string[],
): Item {
  const [, vendors, urlVersion] = /^(.+?)_(\d+\.\d+\.\d+)/.exec(basename(url)) ?? [];
  const name = [basename(path), vendors ?? ""].find((one) => VENDORS_PROGRAMS.includes(one)) ?? basename(path);
  const known = version ?? urlVersion;
  const licence: Licence =
    known !== undefined && VENDORS_PROGRAMS.includes(name)
      ? programLicence(name, known)
      : { knownFrom: "ask who made it" };
  // In place of a sum there may be the address of a lab's list.
  const sum = /^[0-9a-f]{64}$/i.test(sha256) ? { sum: `sha256:${sha256.toLowerCase()}` } : {};
  return complete({ kind: "program", name, version: known, ...sum, machines, place: path, ...licence });
}

/** @param image as it is pulled: `apache/apisix:3.18.0-debian`, `NAME@sha256:…` */
function imageItem(image: string, machines: readonly string[]): Item {
  const [tagged = "", sum] = image.split("@");
  const [, name = tagged, version] = /^(.*?)(?::([^/:]+))?$/.exec(tagged) ?? [];
  return complete({
    kind: "image",
    name,
    version: version ?? (sum === undefined ? "latest" : undefined),
    sum,
    machines,
    place: image,
    ...imageLicence(name),
  });
}

function packageItem(asked: string, { otherArchives }: MachineContents, machines: readonly string[]): Item {
  const [name = "", version] = asked.split("=");
  const archive = otherArchives[name];
  const [, numbers] = /^(?:\d+:)?(\d+\.\d+\.\d+[^-]*)/.exec(version ?? "") ?? [];
  const vendors = archive !== undefined && numbers !== undefined && VENDORS_PROGRAMS.includes(name);
  const licence: Licence = vendors
    ? programLicence(name, numbers)
    : archive === undefined
      ? debianLicence(name)
      : { knownFrom: `ask ${archive}` };
  return complete({ kind: "package", name, version, machines, ...licence });
}

function ownItem(path: string, sha256: string, machines: readonly string[]): Item {
  return complete({
    kind: "vipstack's own",
    name: basename(path),
    version: OWN.version,
    sum: `sha256:${sha256}`,
    machines,
    place: path,
    licence: OWN.license,
    knownFrom: "vipstack's LICENSE",
  });
}

const OWN = JSON.parse(readFileSync(join(PACKAGE_FOLDER, "package.json"), "utf8")) as {
  readonly version: string;
  readonly license: string;
};

/** Without properties that have no value, and with what follows from the licence. */
export function complete(item: Omit<Item, "openSource">): Item {
  const openSource = isOpenSource(item.licence);
  const defined = Object.entries({ ...item, openSource }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as unknown as Item;
}

/** Images of the jobs that synth has written. */
function jobImages(synthesis: Synthesis): string[] {
  const folders = synthesis.stacks().map((stack) => join(synthesis.stackFolder(stack), "jobs"));
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith(".json"));
  const tasks = files
    .map((file) => (JSON.parse(readFileSync(file, "utf8")) as JobFile).Job)
    .flatMap(({ TaskGroups: groups }) => groups ?? [])
    .flatMap(({ Tasks: tasks }) => tasks ?? []);
  return [...new Set(tasks.flatMap(({ Config: config }) => config?.image ?? []))];
}

/** A job as Nomad's API has it, as far as it is read here. */
interface JobFile {
  readonly Job: {
    readonly TaskGroups?: readonly { readonly Tasks?: readonly { readonly Config?: { readonly image?: string } }[] }[];
  };
}

/** The same thing on several machines becomes one row. */
function merged(items: readonly Item[]): Item[] {
  const rows = new Map<string, Item>();
  for (const item of items) {
    const key = [item.kind, item.name, item.version, item.sum, item.place].join(" ");
    const machines = new Set([...(rows.get(key)?.machines ?? []), ...item.machines]);
    rows.set(key, { ...item, machines: [...machines] });
  }
  const order = ({ kind, name }: Item): string => `${KINDS.indexOf(kind)} ${name}`;
  return [...rows.values()].sort((a, b) => order(a).localeCompare(order(b), "en"));
}
