import { App, TerraformStack, Testing } from "cdktf";
import { readableText } from "./readable";
import { withoutThisHost } from "./this-host";
import { textsAtSynth } from "../private/synth-files";

/**
 * Result of a program's synth, by names of files below `cdktf.out/stacks`: the JSON of each stack as an object, every other file as text.
 */
export type Snapshot = Readonly<Record<string, unknown>>;

/**
 * Synthesizes a program for a snapshot test: the JSON of its stacks, and the texts beside it (user-data, setup scripts, rules, jobs,
 * documents of gateways). Paths, versions of Terraform providers, sums, cdktf's metadata and the text of this library's own programs are
 * replaced or left out, because they differ between hosts, folders or releases of the framework. Contents of files are text, never base64.
 *
 * Nothing is written into the program's folder. Left out are files for the command line only (`deployment.json`, `provider.json`,
 * `applied.sh`), and files that repeat the rest (`live.sh`, `files/`, `topology.json` and its picture).
 *
 * @param app a program whose `synth()` was not called yet
 * @throws Error as `app.synth()` does: what is refused, with the path of its construct
 * @see https://jestjs.io/docs/snapshot-testing
 */
export function snapshotOf(app: App): Snapshot {
  const stacks = app.node.findAll().filter((each) => TerraformStack.isStack(each));
  for (const stack of stacks) stack.prepareStack();
  return Object.fromEntries(stacks.flatMap((stack) => entriesOf(app, stack)));
}

const LEFT_OUT =
  /^(deployment\.json|provider\.json|topology\.(json|svg)|machines\/[^/]+\/(applied\.sh|live\.sh|files\/.*))$/;

function entriesOf(app: App, stack: TerraformStack): [string, unknown][] {
  const folder = stack.node.id;
  const json = JSON.parse(Testing.synth(stack, true)) as Record<string, unknown>;
  const texts = Object.entries(textsAtSynth(stack)).filter(([path]) => !LEFT_OUT.test(path));
  return [
    [`${folder}/cdk.tf.json`, withoutThisHost(withoutVersions(json), app, stack)],
    ...texts.map(([path, text]): [string, unknown] => [
      `${folder}/${path}`,
      withoutThisHost(readableText(path, text), app, stack),
    ]),
  ];
}

/** Those of Terraform's providers, which an update of a package changes. */
function withoutVersions(json: Record<string, unknown>): Record<string, unknown> {
  const { required_providers: providers, ...terraform } = json.terraform as {
    required_providers?: Record<string, object>;
  };
  if (providers === undefined) return json;
  const masked = Object.entries(providers).map(([name, one]) => [name, { ...one, version: "<version>" }]);
  return { ...json, terraform: { ...terraform, required_providers: Object.fromEntries(masked) as object } };
}
