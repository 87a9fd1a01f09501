import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeploymentDescription } from "../../constructs/deployment";
import { renderDot } from "../../scripts/chain-picture/dot-text";
import { renderChain } from "../../scripts/chain-picture/picture";

const PROJECT = join(__dirname, "..", "..");

/** How the example describes itself. */
function described(example: string): DeploymentDescription {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-chain-"));
  Object.assign(process.env, { CDKTF_OUTDIR: folder, VIPSTACK_STATE: join(folder, "state") });
  try {
    jest.isolateModules(() => {
      jest.requireActual(join(PROJECT, "examples", example, "main.ts"));
    });
    return JSON.parse(
      readFileSync(join(folder, "stacks", "machines", "deployment.json"), "utf8"),
    ) as DeploymentDescription;
  } finally {
    delete process.env.CDKTF_OUTDIR;
    delete process.env.VIPSTACK_STATE;
    rmSync(folder, { recursive: true });
  }
}

test("docs/gateways-chain.svg is what apisix-hello deploys (npm run picture:chain draws it)", async () => {
  const picture = readFileSync(join(PROJECT, "docs", "gateways-chain.svg"), "utf8");
  expect(await renderChain(described("apisix-hello"))).toBe(picture);
}, 60_000);

test("every hop is an arrow, and Consul's word is a dashed one", () => {
  const arrows = renderDot(described("apisix-hello"))
    .split("\n")
    .flatMap((line) => /^ {2}"(.+)" -> "([^"]+)"( \[style=dashed)?/.exec(line)?.slice(1, 4) ?? [])
    .join(" ");
  for (const [from, to] of [
    ["vm-1", "vip 80"],
    ["vip 80", "gw1"],
    ["vip 80", "gw2"],
    ["gw1", "route hello"],
    ["route hello", "web1"],
    ["route hello", "web2"],
    ["route getting-started-ip", "httpbin.org:80"],
  ])
    expect(arrows).toContain(`${from ?? ""} ${to ?? ""}`);
  expect(arrows).toContain("consul vip 80  [style=dashed");
});
