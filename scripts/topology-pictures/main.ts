// `npm run pictures` copies the topologies of examples, as synth draws them, into docs/.
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "../../cli/program";
import { TOPOLOGY_PICTURE } from "../../constructs/deployment";
import { PICTURES } from "./pictures";

async function main(): Promise<void> {
  process.env.VIPSTACK_STATE = mkdtempSync(join(tmpdir(), "vipstack-pictures-"));
  try {
    for (const [file, example] of Object.entries(PICTURES)) {
      const program = new Program(example);
      const [deployment] = await program.synth();
      if (deployment === undefined) throw new Error(`${example} deploys no machines`);
      copyFileSync(join(program.stackFolder(deployment.stack), TOPOLOGY_PICTURE), join("docs", file));
      console.log(`Wrote ${join("docs", file)}.`);
    }
  } finally {
    rmSync(process.env.VIPSTACK_STATE, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
