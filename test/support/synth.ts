import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";

/** What `app.synth()` wrote for one stack. */
export class SynthResult {
  constructor(private readonly folder: string) {}

  /** The stack's Terraform JSON, parsed. */
  get json(): TerraformJson {
    return JSON.parse(this.file("cdk.tf.json")) as TerraformJson;
  }

  /** A file that the stack wrote beside its JSON. */
  file(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** The one terraform_data of that logical id. */
  data(id: string): TerraformDataJson {
    const found = this.json.resource.terraform_data[id];
    if (found === undefined)
      throw new Error(`no terraform_data '${id}', but: ${Object.keys(this.json.resource.terraform_data).join(", ")}`);
    return found;
  }
}

export interface TerraformJson {
  readonly resource: { readonly terraform_data: Record<string, TerraformDataJson> };
  readonly terraform: Record<string, unknown>;
}

export interface TerraformDataJson {
  readonly triggers_replace: Record<string, string>;
  readonly provisioner: readonly {
    "local-exec": { when?: string; command: string; environment?: Record<string, string> };
  }[];
  readonly depends_on?: readonly string[];
}

/** Synthesizes as the command line does: prepared, validated, written. */
export function synth(build: (stack: TerraformStack) => void, id = "test"): SynthResult {
  return synthApp((app) => {
    build(new TerraformStack(app, id));
    return id;
  });
}

/** {@link synth} for a program that makes its own stack. @param build returns the id of the stack to look at */
export function synthApp(build: (app: App) => string): SynthResult {
  const outdir = mkdtempSync(join(tmpdir(), "vipstack-synth-"));
  folders.push(outdir);
  const app = new App({ outdir });
  const id = build(app);
  app.synth();
  return new SynthResult(join(outdir, "stacks", id));
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
