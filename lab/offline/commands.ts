import type { Command } from "commander";
import { contextOf, labCommand } from "../command-line";
import { LabError } from "../errors";
import { abortable, Progress } from "../events";
import { widenPath } from "../host";
import {
  type Artefact,
  artefactFile,
  artefactNamed,
  artefactOf,
  ARTEFACTS,
  artefactTitle,
  DEFAULTS,
} from "./catalogue";
import { CONTAINER_RECIPES } from "./image-recipes";
import {
  addContainer,
  addedContainers,
  checkImages,
  fetchContainer,
  hubReference,
  imageLine,
  removeContainer,
  shortName,
} from "./images";
import { addedPrograms, addProgram, removeAdded, requireBringable } from "./program-files";
import { cachedProgram, checkLine, checkPrograms, prepareArtefact } from "./programs";
import { cachedReleases, fetchRelease, NotReached, releaseOrigin, removeReleases } from "./releases";
import { pushContainers, registryRuns } from "./services";

/** Commands about the vendors' programs that labs serve. */
export function addProgramCommands(root: Command): void {
  const program = root.command("program").description("the vendors' programs that machines of labs run");
  program
    .command("add <name> <file>")
    .description(
      "keep a program of yours, or the vendor's zip of it, for all labs; it is preferred to all other sources",
    )
    .action(async (name: string, file: string) => {
      tell(...addedLines((await addProgram(name, file)).artefact));
    });
  program
    .command("get <name> <version>")
    .description("fetch the vendor's release, checked by its pinned sum, and keep it")
    .option("--sha256 <sum>", "sum of the zip for linux_amd64, if the lab has none pinned")
    .action(async (name: string, version: string, options: { sha256?: string }) => {
      widenPath();
      tell(await getProgram(name, version, options.sha256));
    });
  program
    .command("list")
    .description("programs on this host: version, licence, source")
    .option("--json", "for a program", false)
    .action(async (options: { json: boolean }) => {
      const programs = await programsHere();
      if (options.json) tell(JSON.stringify(programs, null, 2));
      else tell(...programLines(programs));
    });
  program
    .command("check <name[@version]...>")
    .description(
      "whether programs are available, and from where; fetches nothing. Without --json the exit code is 1 if one is not",
    )
    .option("--json", "for a program", false)
    .action(async (names: string[], options: { json: boolean }) => {
      widenPath();
      const artefacts = names.map(artefactNamed);
      const checks = await checkPrograms(artefacts);
      if (options.json) tell(JSON.stringify(checks, null, 2));
      else tell(...checks.map((check, index) => checkLine(artefacts[index] ?? artefactOf(check.name), check)));
      if (!options.json && checks.some(({ available }) => !available)) process.exitCode = 1;
    });
  program
    .command("remove <name> [version]")
    .description(
      "forget added and fetched programs of that name; a lab that runs serves them until it is started again",
    )
    .action((name: string, version: string | undefined) => {
      artefactOf(name); // the error for a name that is none
      const removed = [...removeAdded(name, version), ...removeReleases(name, version)];
      const versions = [...new Set(removed.map((one) => one.version))];
      const asked = version === undefined ? name : `${name} ${version}`;
      tell(versions.length > 0 ? `${name} ${versions.join(", ")} is forgotten` : `no ${asked} was added or fetched`);
    });
}

function tell(...lines: string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

function addedLines(artefact: Artefact): string[] {
  const { name, version } = artefact;
  const byDefault = artefactOf(name).version;
  const use =
    version === byDefault
      ? "labs use it from their next start"
      : `programs get ${byDefault} unless they ask for it: Installation.release("${version}")`;
  return [`${artefactTitle(artefact)} is kept; ${use}`];
}

/** @returns the message about it */
async function getProgram(name: string, version: string, sha256: string | undefined): Promise<string> {
  requireBringable(name);
  const artefact = artefactNamed(`${name}@${version}`);
  const pinned = artefact.release?.amd64;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw new LabError(`"${sha256}" is no sha256`, "give 64 hexadecimal digits, as the vendor's SHA256SUMS has them");
  if (pinned !== undefined && sha256 !== undefined && sha256.toLowerCase() !== pinned)
    throw new LabError(
      `--sha256 ${sha256} is not the sum that the lab has pinned for ${name} ${version}: ${pinned}`,
      "leave --sha256 out; for another build of that version use program add",
    );
  const sum = pinned ?? sha256;
  if (sum === undefined) {
    const known = ARTEFACTS.filter((one) => one.name === name && one.release !== undefined);
    throw new LabError(
      `the lab has no sum pinned for ${name} ${version}; it has those of ${known.map((one) => one.version).join(", ")}`,
      `give that of ${name}_${version}_linux_amd64.zip: --sha256 SUM (the vendor publishes ${name}_${version}_SHA256SUMS)`,
    );
  }
  if ((await cachedProgram(artefact)) !== undefined) return `${artefactTitle(artefact)} is there`;
  const zip = { sha256: sum, pinnedBy: pinned === undefined ? "--sha256" : "the lab's catalogue" };
  try {
    const progress = new Progress(undefined);
    await abortable(`fetching ${name}`, (signal) => fetchRelease(artefact, zip, progress, signal));
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    throw new LabError(
      `${artefactTitle(artefact)} can't be fetched: ${error.message}`,
      `fetch it where the site is reached, then: vipstack-lab program add ${name} FILE`,
    );
  }
  return `${artefactTitle(artefact)} was fetched`;
}

/** A program that is on this host, or one that labs take by default. */
interface ListedProgram {
  readonly name: string;
  readonly version: string;
  readonly licence: string | null;
  /** `added`, `fetched`, `built`; null for a default that is not here yet. */
  readonly from: "added" | "fetched" | "built" | null;
  /** The file or address that it came from. */
  readonly origin: string | null;
}

/** What is here, in the catalogue's order, and the defaults that are not. */
export async function programsHere(): Promise<ListedProgram[]> {
  const added = addedPrograms();
  const shadowed = added.map(({ artefact }) => artefactFile(artefact));
  const known = ARTEFACTS.filter((artefact) => !shadowed.includes(artefactFile(artefact)));
  const others = new Map(cachedReleases().map((artefact) => [artefactFile(artefact), artefact]));
  for (const each of [...known, ...added.map(({ artefact }) => artefact)]) others.delete(artefactFile(each));
  const rows: ListedProgram[] = added.map(({ artefact, from }) => ({
    ...rowOf(artefact),
    from: "added",
    origin: from,
  }));
  for (const artefact of [...known, ...others.values()]) {
    const cached = await cachedProgram(artefact);
    if (cached) {
      const built = cached.sha256 === artefact.build?.sha256;
      const origin = built ? null : (releaseOrigin(cached.file) ?? null);
      rows.push({ ...rowOf(artefact), from: built ? "built" : "fetched", origin });
    } else if (DEFAULTS.some((one) => artefactFile(one) === artefactFile(artefact)))
      rows.push({ ...rowOf(artefact), from: null, origin: null });
  }
  const order = DEFAULTS.map(({ name }) => name);
  return rows.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

function rowOf({ name, version, licence }: Artefact): Pick<ListedProgram, "name" | "version" | "licence"> {
  return { name, version, licence: licence ?? null };
}

/** One line for each. */
export function programLines(programs: readonly ListedProgram[]): string[] {
  const rows = programs.map((one) => [one.name, one.version, one.licence ?? "licence unknown", whereFrom(one)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
}

function whereFrom({ name, version, from, origin }: ListedProgram): string {
  if (from === "added") return `added from ${origin ?? ""}`;
  if (from === "fetched") return `fetched from ${origin ?? ""}`;
  if (from === "built") return "built from its Go modules";
  const { release, build } = artefactOf(name, version);
  const ways = [...(release ? ["the vendor's release"] : []), ...(build ? ["a build from its Go modules"] : [])];
  return `not here yet: ${ways.join(", else ")}, when it is needed`;
}

/** Commands about the images of the lab's registry. */
export function addImageCommands(root: Command): void {
  const image = root.command("image").description("images in the lab's container registry");
  labCommand(
    image,
    "add <name> <archive>",
    "keep an image that docker save or an OCI tool wrote, and give it to the registry if it runs",
  ).action(async (name: string, archive: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    const added = await addContainer(name, archive);
    const running = registryRuns(state);
    if (running) await pushContainers(state, (await prepareArtefact("crane", progress)).file, [added]);
    const told = added.references.map(shortName).join(", ");
    process.stdout.write(
      `${told} is kept${running ? ", and in the registry" : " for the next start of a lab with a registry"}\n`,
    );
  });
  image
    .command("list")
    .description("names that can be pulled, and the source of each")
    .action(() => {
      process.stdout.write(`${imageLines().join("\n")}\n`);
    });
  image
    .command("get <name>")
    .description("make sure that an image can be pulled: fetch it from Docker Hub unless it is there")
    .action(async (name: string) => {
      const reference = hubReference(name);
      const there = [...addedContainers(), ...CONTAINER_RECIPES].some(({ references }) =>
        references.includes(reference),
      );
      if (!there) await fetchContainer(name, (await prepareArtefact("crane", new Progress(undefined))).file);
      process.stdout.write(`${shortName(reference)} ${there ? "is there" : "was fetched from Docker Hub"}\n`);
    });
  image
    .command("check <name...>")
    .description(
      "whether images are available, and from where; fetches nothing. Without --json the exit code is 1 if one is not",
    )
    .option("--json", "for a program", false)
    .action(async (names: string[], options: { json: boolean }) => {
      widenPath();
      const checks = await checkImages(names);
      process.stdout.write(`${options.json ? JSON.stringify(checks, null, 2) : checks.map(imageLine).join("\n")}\n`);
      if (!options.json && checks.some(({ available }) => !available)) process.exitCode = 1;
    });
  image
    .command("remove <name>")
    .description("forget an added image; a registry that runs keeps it until the lab is started again")
    .action((name: string) => {
      process.stdout.write(removeContainer(name) ? `${name} is forgotten\n` : `no image ${name} was added\n`);
    });
}

/** One line for each name: added ones first, since they take the place of the lab's own. */
export function imageLines(): string[] {
  const containers = addedContainers();
  const added = containers.flatMap(({ references }) => references);
  const own = CONTAINER_RECIPES.flatMap(({ references, about }) =>
    references
      .filter((reference) => !added.includes(reference))
      .map((reference) => `${shortName(reference)}  made of the distribution's package ${about}`),
  );
  const brought = containers.flatMap(({ references, fetched }) =>
    references.map((reference) => `${shortName(reference)}  ${fetched ? "fetched from Docker Hub" : "added"}`),
  );
  return [...brought, ...own];
}
