import { readFileSync } from "node:fs";
import { CliError } from "./errors";
import { lab } from "./lab";
import { typed } from "./package";

/** One of the programs that `vipstack up` chooses from, as cdktf.json lists them. */
export interface Candidate {
  /** What it brings up, in short: `the chain: client, virtual address, APISIX, job`. */
  readonly title: string;
  /** The command that synthesizes it, as cdktf's own `app`. */
  readonly app: string;
  /** Programs of vendors that its machines need and the lab can't build. @default - none */
  readonly software?: readonly string[];
  /** Container images that its machines pull and the lab can't make. @default - none */
  readonly images?: readonly string[];
}

/** The program that was chosen, and a message about those that were not. */
export interface Choice {
  readonly app: string;
  /** Left out where the first one is possible. */
  readonly leftOut?: string;
}

/** Whether the lab can have a program or an image, by `vipstack-lab … check --json`. */
export interface Supply {
  readonly name: string;
  readonly available: boolean;
  /** Why not. */
  readonly why?: string;
  /** The arguments of `vipstack-lab` that add it. */
  readonly cure?: string;
}

/**
 * The first program of cdktf.json's list that is possible on this machine, chosen before anything is synthesized: each program is
 * the same everywhere. A project without a list has the one program that cdktf knows.
 */
export async function chooseProgram(): Promise<Choice> {
  const { app, vipstack } = JSON.parse(readFileSync("cdktf.json", "utf8")) as CdktfJson;
  const candidates = vipstack?.programs ?? [];
  return candidates.length === 0 ? { app } : firstPossible(candidates, await suppliesOf(candidates));
}

/** @throws CliError where none is possible */
export function firstPossible(candidates: readonly Candidate[], supplies: readonly Supply[]): Choice {
  const missing = ({ software = [], images = [] }: Candidate): Supply[] =>
    supplies.filter(({ name, available }) => !available && [...software, ...images].includes(name));
  const [first] = candidates;
  const chosen = candidates.find((candidate) => missing(candidate).length === 0);
  const lacks = first === undefined ? [] : missing(first);
  const cures = lacks.flatMap(({ cure }) => (cure === undefined ? [] : [typed("lab", cure)])).join(", then ");
  const reasons = lacks.map(({ name, why = `there is no ${name}` }) => why).join("; ");
  if (chosen === undefined) throw new CliError(reasons, `get it: ${cures}`);
  if (chosen === first) return { app: chosen.app };
  return {
    app: chosen.app,
    leftOut: `${chosen.title}. Left out is ${first?.title ?? ""}: ${reasons}. To get it: ${cures}`,
  };
}

async function suppliesOf(candidates: readonly Candidate[]): Promise<Supply[]> {
  const ask = async (kind: "program" | "image", names: readonly string[]): Promise<Supply[]> => {
    if (names.length === 0) return [];
    const { stdout } = await lab([kind, "check", ...names, "--json"]);
    return JSON.parse(stdout) as Supply[];
  };
  const all = (lists: readonly (readonly string[] | undefined)[]): string[] => [
    ...new Set(lists.flatMap((list) => list ?? [])),
  ];
  return [
    ...(await ask("program", all(candidates.map(({ software }) => software)))),
    ...(await ask("image", all(candidates.map(({ images }) => images)))),
  ];
}

interface CdktfJson {
  readonly app: string;
  readonly vipstack?: { readonly programs?: readonly Candidate[] };
}
