import { execFileSync } from "node:child_process";
import { join } from "node:path";

const PROGRAMS = join(__dirname, "..", "..", "..", "constructs", "lvs", "programs");

/** Asks the module of the director's program that reads tables: `answer(input)` of a Python program in which `ipvs_table` is imported. */
export function askIpvsTable(program: string, input: unknown): unknown {
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
import ipvs_table
${program}
json.dump(answer(json.load(sys.stdin)), sys.stdout)
`;
  const words = ["-B", "-c", script, PROGRAMS];
  return JSON.parse(execFileSync("python3", words, { input: JSON.stringify(input), encoding: "utf8" }));
}
