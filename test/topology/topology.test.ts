import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PICTURES } from "../../scripts/topology-pictures/pictures";

// Every program of the repository is drawn as synth does it.

const PROJECT = join(__dirname, "..", "..");
const out = mkdtempSync(join(tmpdir(), "vipstack-topology-"));
process.env.VIPSTACK_STATE = join(out, "state");
afterAll(() => {
  delete process.env.VIPSTACK_STATE;
  rmSync(out, { recursive: true });
});

function drawn(main: string): string {
  process.env.CDKTF_OUTDIR = join(out, "synth");
  jest.isolateModules(() => {
    jest.requireActual(join(PROJECT, main));
  });
  delete process.env.CDKTF_OUTDIR;
  return readFileSync(join(out, "synth", "stacks", "machines", "topology.svg"), "utf8");
}

const examples = readdirSync(join(PROJECT, "examples")).map((name) => `examples/${name}/main.ts`);

test.each(["main.ts", ...examples])("%s: each machine is in its picture, and no path or hash of this host", (main) => {
  const svg = drawn(main);
  const { machines } = JSON.parse(readFileSync(join(out, "synth", "stacks", "machines", "topology.json"), "utf8")) as {
    machines: { name: string; addresses: string[] }[];
  };
  const texts = svg.replace(/<desc[^]*?<\/desc>/, "");
  for (const { name, addresses } of machines) {
    expect(texts).toMatch(new RegExp(`>[^<]*\\b${name}\\b`));
    expect(texts).toContain(addresses[0]);
  }
  expect(svg).not.toContain(PROJECT);
  expect(svg).not.toContain(out);
  expect(drawn(main)).toBe(svg);
});

test.each(Object.entries(PICTURES))("docs/%s is what %s deploys (npm run pictures draws it)", (file, example) => {
  expect(readFileSync(join(PROJECT, "docs", file), "utf8")).toBe(drawn(`examples/${example}/main.ts`));
});

test("what synth must not lose: the way of a request through apisix-hello, hop by hop", () => {
  const description = /<desc[^>]*>([^]*)<\/desc>/.exec(drawn("examples/apisix-hello/main.ts"))?.[1];
  for (const hop of [
    "vm-1 leads to director ipvs (TCP 80).",
    "director ipvs leads to gateway on gw1 (masquerading, SNAT).",
    "director ipvs leads to gateway on gw2 (masquerading, SNAT).",
    "gateway on gw1 leads to route hello.",
    "route hello leads to web2.",
    "route getting-started-ip leads to httpbin.org:80.",
  ])
    expect(description).toContain(hop);
});
