import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Once before all lab tests: host packages, the base image, and the programs that tests run on this host itself. */
export default function prepare(): void {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-prepare-"));
  const list = join(folder, "lab.json");
  const software = ["consul", "consul-template"];
  writeFileSync(
    list,
    JSON.stringify({ name: "tests", subnets: ["10.0.0.0/24"], machines: [], forwards: [], software }),
  );
  const lab = join(__dirname, "..", "..", "..", "dist", "lab", "vipstack-lab.js");
  spawnSync("node", [lab, "prepare", list], { stdio: ["ignore", "inherit", "inherit"] });
  rmSync(folder, { recursive: true });
}
