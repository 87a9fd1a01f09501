import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Topology } from "../../../../constructs/topology";

/** The topology of a program of this repository, as synth writes it. */
export function topologyOf(main: string): Topology {
  const out = mkdtempSync(join(tmpdir(), "vipstack-view-"));
  const before = { ...process.env };
  Object.assign(process.env, { CDKTF_OUTDIR: join(out, "synth"), VIPSTACK_STATE: join(out, "state") });
  try {
    jest.isolateModules(() => {
      jest.requireActual(join(__dirname, "..", "..", "..", "..", main));
    });
    return JSON.parse(readFileSync(join(out, "synth", "stacks", "machines", "topology.json"), "utf8")) as Topology;
  } finally {
    for (const name of ["CDKTF_OUTDIR", "VIPSTACK_STATE"])
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    rmSync(out, { recursive: true });
  }
}
