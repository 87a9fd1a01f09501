import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab } from "./lab";
import { typed } from "./package";
import { Program } from "./program";

/** A vendor's program in the output of `vipstack-lab program check --json`. */
export interface ProgramCheck {
  readonly name: string;
  readonly version: string;
  readonly licence: string | null;
  readonly openSource: boolean;
  readonly available: boolean;
  readonly source: string | null;
  readonly from?: string;
  readonly why?: string;
  readonly cure?: string;
}

/** The vendors' programs that the labs of a program serve, as `NAME@VERSION`. */
export function programsOf(program: Program, deployments: readonly DeploymentDescription[]): string[] {
  const labs = deployments.filter(({ access }) => access.labDirectory !== undefined);
  const wanted = labs.flatMap(({ stack }) => {
    const { software = [] } = JSON.parse(readFileSync(join(program.stackFolder(stack), "lab.json"), "utf8")) as {
      software?: string[];
    };
    return software;
  });
  return [...new Set(wanted)];
}

/** Whether programs are available on this host, and from where. Nothing is fetched. @param names `NAME` or `NAME@VERSION` */
export async function checkPrograms(names: readonly string[]): Promise<ProgramCheck[]> {
  const { stdout, stderr } = await lab(["program", "check", ...names, "--json"], { reject: false });
  if (!stdout.startsWith("[")) throw new CliError(stderr.trim(), "change the program, then run this again");
  return JSON.parse(stdout) as ProgramCheck[];
}

/** @returns what to print about the programs. @throws CliError where one is not available */
export async function requirePrograms(names: readonly string[]): Promise<string> {
  const checks = await checkPrograms(names);
  const missing = checks.filter(({ available }) => !available);
  if (missing.length > 0) {
    throw new CliError(
      missing.map(({ why = "" }) => why).join("\n"),
      missing.flatMap(({ cure }) => (cure === undefined ? [] : [typed("lab", cure)])).join(", ") ||
        "fix that, then run this again",
    );
  }
  return programsLine(checks);
}

/** One line that names each with version and licence: `Programs: consul 1.14.11 (MPL-2.0), nomad 2.0.4 (BUSL-1.1, not open source)`. */
export function programsLine(checks: readonly ProgramCheck[]): string {
  const words = checks.map(({ name, version, licence, openSource }) => {
    const terms = licence === null ? "licence unknown" : openSource ? licence : `${licence}, not open source`;
    return `${name} ${version} (${terms})`;
  });
  return `Programs: ${words.join(", ")}`;
}
