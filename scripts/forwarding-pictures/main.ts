// `npm run pictures` brings two examples up, captures a request on all their machines, draws docs/forwarding-*.svg of it, and
// puts what was seen into the table of docs/forwarding.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Laboratory } from "./laboratory";
import { Panel, renderPicture } from "./picture";
import { renderTable, replaceSection } from "./table";

const PICTURE = join("docs", "forwarding-nat-and-direct-routing.svg");
const PAGE = join("docs", "forwarding.md");
const TITLE = "One request by masquerading and one by direct routing, as captured on all machines at once";
const PANELS = [
  { example: "nat-gateway", title: "Masquerading (NAT)", subtitle: "the director is the real servers' gateway" },
  { example: "direct-routing", title: "Direct routing", subtitle: "the real servers have the VIP, too" },
];

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "vipstack-pictures-"));
  try {
    const panels: Panel[] = [];
    for (const { example, ...titles } of PANELS)
      panels.push({ ...titles, flow: await new Laboratory(example, state).run() });
    const page = replaceSection(readFileSync(PAGE, "utf8"), "captured", renderTable(panels));
    writeFileSync(PICTURE, renderPicture(TITLE, panels));
    writeFileSync(PAGE, page);
    console.log(`Wrote ${PICTURE} and the table of ${PAGE}.`);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

// Ctrl-C reaches the programs that were started as well: they end, and what is up is taken down.
process.on("SIGINT", () => {
  console.error("Interrupted: taking down what is up …");
});

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
