import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { IConstruct } from "constructs";

/**
 * Writes files beside the stack's JSON at synth, for the user and for the commands that Terraform runs there. At most
 * once a construct.
 *
 * @param files path, relative to the folder that Terraform runs in, to text; called at synth, so that later additions count
 */
export function writeAtSynth(scope: IConstruct, files: () => Readonly<Record<string, string>>): void {
  addCustomSynthesis(scope, {
    onSynthesize(session) {
      const folder = join(session.outdir, session.manifest.forStack(TerraformStack.of(scope)).workingDirectory);
      const texts = Object.entries(files());
      for (const parent of new Set(texts.map(([path]) => dirname(join(folder, path)))))
        mkdirSync(parent, { recursive: true });
      for (const [path, text] of texts) writeFileSync(join(folder, path), text);
    },
  });
}
