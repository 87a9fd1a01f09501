// `npm run pictures:forwarding` brings two examples up, captures a request on all their machines, draws docs/forwarding-*.svg of it, and
// puts what was seen into the table of docs/forwarding.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replaceSection } from "../markdown";
import { EXAMPLES, panelsOf, TITLE } from "./examples";
import { Flow } from "./flow";
import { Laboratory } from "./laboratory";
import { renderPicture } from "./picture";
import { renderTable } from "./table";

const PICTURE = join("docs", "forwarding-nat-and-direct-routing.svg");
const PAGE = join("docs", "forwarding.md");

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "vipstack-pictures-"));
  try {
    const flows: Flow[] = [];
    for (const { example } of EXAMPLES) flows.push(await new Laboratory(example, state).run());
    const panels = panelsOf(flows);
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
