import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { IConstruct } from "constructs";

type Texts = () => Readonly<Record<string, string>>;
const textsOf = new WeakMap<IConstruct, Texts>();

/**
 * Writes files beside the stack's JSON at synth, for the user and for the commands that Terraform runs there. At most
 * once a construct.
 *
 * @param files path, relative to the folder that Terraform runs in, to text; called at synth, so that later additions count
 * @param before what synth does before it writes them; called with the path of that folder
 */
export function writeAtSynth(scope: IConstruct, files: Texts, before?: (folder: string) => void): void {
  textsOf.set(scope, files);
  addCustomSynthesis(scope, {
    onSynthesize(session) {
      const folder = join(session.outdir, session.manifest.forStack(TerraformStack.of(scope)).workingDirectory);
      before?.(folder);
      const texts = Object.entries(files());
      for (const parent of new Set(texts.map(([path]) => dirname(path))))
        mkdirSync(join(folder, parent), { recursive: true });
      for (const [path, text] of texts) writeFileSync(join(folder, path), text);
    },
  });
}

/** Every file that synth would write beside the JSON of a stack; nothing is written. */
export function textsAtSynth(stack: IConstruct): Record<string, string> {
  return Object.assign({}, ...stack.node.findAll().map((each) => textsOf.get(each)?.() ?? {})) as Record<
    string,
    string
  >;
}
