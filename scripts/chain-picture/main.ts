// `npm run picture:chain` draws docs/gateways-chain.svg of what the example apisix-hello deploys.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "../../cli/program";
import { renderChain } from "./picture";

const PICTURE = join("docs", "gateways-chain.svg");

async function main(): Promise<void> {
  process.env.VIPSTACK_STATE = mkdtempSync(join(tmpdir(), "vipstack-picture-"));
  try {
    const [deployment] = await new Program("apisix-hello").synth();
    if (deployment === undefined) throw new Error("the example deploys no machines");
    writeFileSync(PICTURE, await renderChain(deployment));
    console.log(`Wrote ${PICTURE}.`);
  } finally {
    rmSync(process.env.VIPSTACK_STATE, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
