import { DeploymentDescription } from "../../constructs/deployment";
import { CliError } from "../errors";
import { Login, quoted } from "../login";
import { copyrightLicence, Licence, VENDORS_PROGRAMS } from "./licence";
import { complete, Item } from "./items";

/** How long a machine may take to answer. */
const ANSWER_SECONDS = 60;

/** What one machine itself says of what it got: versions and licences of packages, sums of programs, digests and labels of images. */
export async function itemsOnMachine(
  items: readonly Item[],
  deployments: readonly Pick<DeploymentDescription, "machines">[],
  machine: string,
): Promise<Item[]> {
  const deployment = deployments.find(({ machines }) => machines.some(({ name }) => name === machine));
  if (deployment === undefined) {
    const names = deployments.flatMap(({ machines }) => machines.map(({ name }) => name));
    throw new CliError(`the program has no machine '${machine}'`, `choose one of: ${names.join(", ")}`);
  }
  const own = items
    .filter(({ machines }) => machines.includes(machine))
    .map((item) => ({ ...item, machines: [machine] }));
  const script = own.map((item) => `echo ${SEPARATOR}\n${questionOf(item)}`).join("\n");
  const { stdout, exitCode, stderr } = await Login.to(deployment, machine).ask(`${script}\nexit 0\n`, {
    seconds: ANSWER_SECONDS,
  });
  if (exitCode !== 0)
    throw new CliError(
      `${machine} does not answer: ${stderr.trim().split("\n").at(-1) ?? ""}`,
      "bring it up, or leave out --machine",
    );
  const [, ...answers] = stdout.split(`${SEPARATOR}\n`);
  return own.map((item, index) => answered(item, answers[index] ?? ""));
}

const SEPARATOR = "--- vipstack licences";

/** Shell text that prints nothing where the machine does not have it. */
function questionOf({ kind, name, place = "" }: Item): string {
  const path = quoted(place);
  if (kind === "package")
    return `dpkg-query --show --showformat '\${Version}\\n' ${quoted(name)} 2>/dev/null && cat /usr/share/doc/${name}/copyright 2>/dev/null`;
  if (kind === "image")
    return `docker image inspect --format '{{json .RepoDigests}} {{json .Config.Labels}}' ${path} 2>/dev/null`;
  return `if test -d ${path}; then echo folder; elif test -f ${path}; then sha256sum ${path}; fi`;
}

/** An item with what the machine says of it. */
export function answered(item: Item, answer: string): Item {
  if (answer.trim() === "") return { ...item, knownFrom: `${item.knownFrom}; it is not on the machine` };
  if (answer.trim() === "folder") return item;
  if (item.kind === "image") return complete({ ...item, ...imageAnswer(item, answer) });
  const [first = "", ...rest] = answer.split("\n");
  if (item.kind !== "package") return complete({ ...item, sum: `sha256:${first.split(" ")[0] ?? ""}` });
  return complete({ ...item, version: first, ...packageAnswer(item, rest.join("\n")) });
}

/** A vendor's program has the licence of its version, whatever its package says. */
function packageAnswer(item: Item, copyright: string): Licence {
  const { name, licence, knownFrom } = item;
  return VENDORS_PROGRAMS.includes(name) && licence !== undefined
    ? { licence, knownFrom }
    : copyrightLicence(name, copyright);
}

function imageAnswer(item: Item, answer: string): Partial<Item> {
  const [, digests = "", labels = ""] = /^(\[.*?\]|null) (.*)/.exec(answer) ?? [];
  const [digest = ""] = (JSON.parse(digests) as string[] | null) ?? [];
  const [, sum] = digest.split("@");
  const licence = (JSON.parse(labels) as Record<string, string> | null)?.["org.opencontainers.image.licenses"];
  return {
    ...(sum !== undefined && { sum }),
    ...(licence !== undefined && item.licence === undefined && { licence, knownFrom: "a label of the image" }),
  };
}
