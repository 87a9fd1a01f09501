import { Job, TaskOptions } from "../../constructs/nomad";
import { workload } from "./support/workload";

/** A task's driver configuration as the API gets it. */
function configOf(task: TaskOptions): unknown {
  let config: unknown;
  workload((stack) => {
    const job = new Job(stack, "probe", { groups: { g: { tasks: { t: task } } } });
    config = job.toApiJob().TaskGroups[0]!.Tasks[0]!.Config;
  });
  return config;
}

test.each([
  ["%{http_code}", "%%{http_code}"],
  ["${GREETING:-hello} ${HOSTNAME}", "$${GREETING:-hello} $${HOSTNAME}"],
  ["%%{x} $${y}", '${"%%"}{x} ${"$$"}{y}'],
  ["$HOME 100% {x}", "$HOME 100% {x}"],
  ["${NOMAD_PORT_www:-80}", "$${NOMAD_PORT_www:-80}"],
  [
    "${NOMAD_PORT_www} ${ attr.kernel.name } ${node.unique.name}",
    "${NOMAD_PORT_www} ${ attr.kernel.name } ${node.unique.name}",
  ],
  ['${meta.rack} ${env["A.B"]} ${env.X}', '${meta.rack} ${env["A.B"]} ${env.X}'],
  ["${MINE} ${YOURS} ${FROM_FILE}", "${MINE} $${YOURS} ${FROM_FILE}"],
  ["$${NOMAD_PORT_www} $$${NOMAD_PORT_www}", '$${NOMAD_PORT_www} ${"$$$"}{NOMAD_PORT_www}'],
  ["%{NOMAD_PORT_www}", "%%{NOMAD_PORT_www}"],
])("an argument %s reaches the API as %s", (written, sent) => {
  const env = { MINE: "x" };
  const templates = [{ destination: "secrets/env", data: '# x\nFROM_FILE={{ key "a" }}\n', env: true }];
  expect(configOf({ rawExec: { command: "/bin/date", args: [written] }, env, templates })).toEqual({
    command: "/bin/date",
    args: [sent],
  });
});

test("every text of a driver's configuration, keys of maps as well", () => {
  const text = "%{x}";
  const sent = "%%{x}";
  const docker = {
    image: text,
    command: text,
    args: [text],
    entrypoint: [text],
    volumes: [text],
    labels: { [text]: text },
  };
  expect(configOf({ docker: { ...docker, config: { logging: { type: text, config: [{ [text]: text }] } } } })).toEqual({
    image: sent,
    command: sent,
    args: [sent],
    entrypoint: [sent],
    volumes: [sent],
    labels: [{ [sent]: sent }],
    logging: { type: sent, config: [{ [sent]: sent }] },
  });
  expect(configOf({ exec: { command: text, config: { cap_add: [text] } } })).toEqual({
    command: sent,
    cap_add: [sent],
  });
  expect(configOf({ driver: { name: "java", config: { jvm_options: [text], n: 1, b: true } } })).toEqual({
    jvm_options: [sent],
    n: 1,
    b: true,
  });
});

test("an override has the last word: it may send templates of its own", () => {
  const override: TaskOptions["override"] = (task) => ({ ...task, Config: { args: ["${upper(NOMAD_JOB_NAME)}"] } });
  expect(configOf({ exec: { command: "x" }, override })).toEqual({ args: ["${upper(NOMAD_JOB_NAME)}"] });
});
