import { consoleStep, describe as inWords, parseReport, plainLine } from "../../lab/readiness";

test.each([
  ["Linux version 6.1.176 (builder@host) (gcc 12)", { stage: "kernel", detail: "Linux 6.1.176 started" }],
  ["[    0.100000] Linux version 6.1.176 (x)", { stage: "kernel" }],
  ["\u001b[0mcloud-init[42]: Cloud-init v. 22.4.2 running 'init-local' at now", { stage: "cloud-init", percent: 15 }],
  ["Cloud-init v. 22.4.2 running 'modules:final' at now", { detail: "cloud-init: packages and commands" }],
  ["cloud-init[50]: Setting up ipvsadm (1:1.31-1+b1) ...\r", { stage: "packages", detail: "installing ipvsadm" }],
  ["Cloud-init v. 22.4.2 finished at now. Datasource x", { stage: "services", finished: true }],
])("console line %j shows how far a machine is", (line, step) => {
  expect(consoleStep(line)).toMatchObject(step);
});

test("other console lines tell nothing", () => {
  expect(consoleStep("[  OK  ] Started ssh.service")).toBeUndefined();
  expect(plainLine("\u001b[0;32m  OK  \u001b[0m\r")).toBe("  OK  ");
});

test("the boot report names cloud-init's stage and the failed units, without saying the same twice", () => {
  const status = {
    v1: {
      datasource: "NoCloud",
      stage: null,
      init: { errors: [], start: 1 },
      "modules-final": { errors: ["('scripts-user', RuntimeError('Runparts: 1 failures (runcmd)'))"] },
    },
  };
  const units = "cloud-final.service loaded failed failed Execute\nweb.service loaded failed failed Web\n";
  const report = parseReport(`${JSON.stringify(status)}\n\n---\n${units}`);
  expect(report.failedUnits).toEqual(["cloud-final.service", "web.service"]);
  expect(inWords(report)).toBe(
    "cloud-init stage modules-final failed: scripts-user: Runparts: 1 failures (runcmd); unit web.service failed",
  );
});

test("a boot without failures has an empty report, whatever ends the text", () => {
  const status = JSON.stringify({ v1: { init: { errors: [] } } });
  for (const end of ["\n\n---", "\n---\n"])
    expect(parseReport(status + end)).toEqual({ stages: [], failedUnits: [], userData: "" });
});

test("user-data that was not taken comes first in the report", () => {
  const report = parseReport(
    `${JSON.stringify({ v1: {} })}\n---\nweb.service loaded failed failed Web\n---\nit can't be read: a\n---\nb\n`,
  );
  expect(inWords(report)).toBe(
    "cloud-init did not apply the user-data: it can't be read: a\n---\nb; unit web.service failed",
  );
});
