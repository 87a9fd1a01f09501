import { columns } from "../columns";
import { CliError } from "../errors";
import { page } from "../package";
import { chooseProgram, Program } from "../program";
import { Item, itemsOf } from "./items";
import { itemsOnMachine } from "./on-machine";

export interface LicencesOptions {
  readonly json?: boolean;
  /** A running machine that is asked. @default - nothing is asked */
  readonly machine?: string;
}

/**
 * Lists what the program brings to its machines, with licences.
 *
 * @throws CliError where something is not open source
 */
export async function licences(example?: string, { json = false, machine }: LicencesOptions = {}): Promise<void> {
  const choice = example === undefined ? await chooseProgram() : undefined;
  const program = new Program(example, choice?.app);
  const deployments = await program.synth();
  const all = itemsOf(program, deployments);
  const items = machine === undefined ? all : await itemsOnMachine(all, deployments, machine);
  console.log(json ? JSON.stringify(items, null, 2) : licencesText(items));
  const fault = licencesFault(items);
  if (fault !== undefined) throw fault;
}

/** The table, and below it what is not known. */
export function licencesText(items: readonly Item[]): string {
  const rows = items.map((item) => [
    item.kind,
    item.name,
    item.version ?? "",
    shortSum(item.sum),
    item.openSource === false ? `${item.licence ?? ""}, not open source` : (item.licence ?? "not known"),
    item.knownFrom,
    item.machines.length > 3 ? `${item.machines.length} machines` : item.machines.join(", "),
  ]);
  const unknown = items.filter(({ openSource }) => openSource === undefined).map(({ name }) => name);
  return [
    rows.length === 0 ? "The program brings nothing to machines." : columns([HEADINGS, ...rows]),
    ...(unknown.length > 0 ? [`Not known whether open source: ${[...new Set(unknown)].join(", ")}`] : []),
  ].join("\n\n");
}

const HEADINGS = ["what", "name", "version", "sum", "licence", "known from", "on"];

/** The first digits; `--json` has all. */
function shortSum(sum = ""): string {
  return sum.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}

/** The error about what is not open source at its version. */
export function licencesFault(items: readonly Item[]): CliError | undefined {
  const closed = items.filter(({ openSource }) => openSource === false);
  if (closed.length === 0) return undefined;
  const words = closed.map(
    ({ name, version = "", licence = "", machines }) => `${name} ${version} (${licence}) on ${machines.join(", ")}`,
  );
  return new CliError(
    `not open source: ${words.join("; ")}`,
    `leave its version out, or choose one that is open source: ${page("programs.md")}`,
  );
}
