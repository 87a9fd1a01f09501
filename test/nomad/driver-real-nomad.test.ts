import { TerraformStack } from "cdktf";
import fc from "fast-check";
import { ApiJob, Job, JobType, TaskOptions } from "../../constructs/nomad";
import { awkwardText } from "../support/awkward-text";
import { missingPrograms } from "../support/programs";
import { RealNomad, withNomad } from "./support/real-nomad";
import { workload } from "./support/workload";

// On a busy host a real Nomad takes longer than a unit test.
jest.setTimeout(120_000);

const nomad = new RealNomad({ port: 24746, client: true });
beforeAll(async () => {
  if (missingPrograms("nomad").length === 0) await nomad.start();
}, 90_000);
afterAll(() => nomad.stop(), 90_000);

/** Writes down what it was started with, each word ended by a zero byte. */
const SCRIPT = 'out=$1; shift; for each; do printf "%s\\0" "$each"; done > "$out"';

/** What a program gets that a real client starts with these words. */
async function started(words: readonly string[], rest: TaskOptions = {}): Promise<string[]> {
  const command = { command: "/bin/sh", args: ["-c", SCRIPT, "sh", "${NOMAD_TASK_DIR}/words", ...words] };
  let job: ApiJob | undefined;
  workload((stack: TerraformStack) => {
    const tasks = { t: { rawExec: command, ...rest, resources: { cpu: 50, memoryMiB: 32 } } };
    const restart = { attempts: 0, mode: "fail" as const };
    job = new Job(stack, `words-${count++}`, {
      type: JobType.BATCH,
      meta: { owner: "web" },
      groups: { g: { ports: { www: {} }, restart, reschedule: { attempts: 0, unlimited: false }, tasks } },
    }).toApiJob();
  });
  const written = await nomad.run(job!, "t/local/words");
  return written.toString().split("\0").slice(0, -1);
}
let count = 0;

withNomad(
  "a program gets any words as they were written",
  async () => {
    const texts = fc.sample(awkwardText, { numRuns: 200, seed: 11 }).filter((text) => !text.includes("\0"));
    const shells = [
      "%{http_code}",
      "${GREETING:-hello}",
      "${HOSTNAME}",
      "${#NOMAD_X}",
      "%%{x}",
      "$${x}",
      "$$${x}",
      "+%{f}",
    ];
    const all = [...shells, ...texts];
    expect(await started(all)).toEqual(all);
  },
  90_000,
);

withNomad(
  "Nomad's own references stay what they are",
  async () => {
    const env = { GREETING: "good day", "DOTTED.NAME": "dotted" };
    const templates = [{ destination: "secrets/env", data: "TEMPLATED=from a file\n", env: true }];
    const cases: Record<string, string> = {
      "${NOMAD_META_owner}/${NOMAD_META_OWNER}": "web/web",
      "a${ NOMAD_GROUP_NAME }b%{c}": "agb%{c}",
      "${attr.kernel.name}": "linux",
      '${attr["kernel"].name}': "linux",
      "${node.datacenter}": "dc1",
      "${meta.rack}": "r1",
      '${meta.example["com/zone"]}': "a",
      '${env["GREETING"]} ${env.GREETING} ${GREETING} ${DOTTED.NAME}': "good day good day good day dotted",
      "${TEMPLATED}": "from a file",
      "$${NOMAD_GROUP_NAME} $${GREETING}": "${NOMAD_GROUP_NAME} ${GREETING}",
    };
    expect(await started(Object.keys(cases), { env, templates })).toEqual(Object.values(cases));
  },
  90_000,
);

withNomad(
  "files arrive byte for byte, an empty one as an empty one",
  async () => {
    const files = { ".nojekyll": "", blank: " \n", "deep/er.txt": 'a {{ "b" }} ${c} %{d}\n' };
    const args = ["-c", 'cd "$1"; tail -n +1 -v .nojekyll blank deep/er.txt > words', "sh", "${NOMAD_TASK_DIR}"];
    let job: ApiJob | undefined;
    workload((stack: TerraformStack) => {
      const tasks = { t: { rawExec: { command: "/bin/sh", args }, files, resources: { cpu: 50, memoryMiB: 32 } } };
      job = new Job(stack, "files", { type: JobType.BATCH, groups: { g: { tasks } } }).toApiJob();
    });
    const written = (await nomad.run(job!, "t/local/words")).toString();
    const [empty, blank, deep] = Object.values(files);
    expect(written).toBe(`==> .nojekyll <==\n${empty}\n==> blank <==\n${blank}\n==> deep/er.txt <==\n${deep}`);
  },
  90_000,
);
