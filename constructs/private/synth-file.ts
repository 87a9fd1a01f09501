import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { IConstruct } from "constructs";

/**
 * Writes a file beside the stack's JSON at synth, readable by people and by the commands that Terraform runs there.
 *
 * @param path relative to the folder that Terraform runs in
 * @param content called at synth, so that later additions count
 */
export function writeAtSynth(scope: IConstruct, path: string, content: () => string): void {
  addCustomSynthesis(scope, {
    onSynthesize(session) {
      const folder = session.manifest.forStack(TerraformStack.of(scope)).workingDirectory;
      const file = join(session.outdir, folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content());
    },
  });
}
