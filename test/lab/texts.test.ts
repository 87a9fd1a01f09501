import { archiveHosts, distributionSources, parseSources, sourceLines } from "../../lab/apt-sources";
import { parseCapturePoint, tcpdumpCommand } from "../../lab/capture";
import { consoleStep, plainLine } from "../../lab/console";
import { formatEvent } from "../../lab/events";
import { impairScript } from "../../lab/faults";
import { forwardChanges } from "../../lab/forwards";
import { describe as inWords, parseReport } from "../../lab/readiness";
import { shellQuote } from "../../lab/remote";
import { sshConfigText } from "../../lab/ssh-config";
import { LabState } from "../../lab/state";
import { faultText } from "../../lab/status";

test("an event is one line for the user", () => {
  const event = {
    time: "2026-01-02T03:04:05.678Z",
    machine: "ipvs",
    stage: "failed",
    detail: "unit x failed",
  } as const;
  expect(formatEvent(event)).toBe("03:04:05 ipvs: FAILED: unit x failed");
  expect(formatEvent({ ...event, machine: null, stage: "image" })).toBe("03:04:05 lab: unit x failed");
});

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

test("forwards are changed by difference", () => {
  const one = { listen: 8080, to: "10.0.0.2:80" };
  const moved = { listen: 8080, to: "10.0.0.3:80" };
  const two = { listen: 8081, to: "10.0.0.2:81" };
  expect(forwardChanges([one, two], [one, two])).toEqual({ remove: [], add: [] });
  expect(forwardChanges([one], [moved, two])).toEqual({ remove: [one], add: [moved, two] });
});

test("delay and loss spare the machine's ssh, and no fault takes everything away", () => {
  expect(impairScript(["eth0"], { delayMs: 100, jitterMs: 10, lossPercent: 5 }))
    .toBe(`tc qdisc del dev eth0 root 2>/dev/null
tc qdisc add dev eth0 root handle 1: prio bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 || exit 1
tc qdisc add dev eth0 parent 1:1 handle 10: netem delay 100ms 10ms loss 5% limit 100000 || exit 1
tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip sport 22 0xffff flowid 1:2 || exit 1
tc filter add dev eth0 parent 1: protocol ipv6 prio 2 u32 match ip6 sport 22 0xffff flowid 1:2 || exit 1
exit 0`);
  expect(impairScript(["eth0", "eth1"], {})).toBe(
    "tc qdisc del dev eth0 root 2>/dev/null\ntc qdisc del dev eth1 root 2>/dev/null\nexit 0",
  );
  expect(faultText({ cut: true, delayMs: 5, jitterMs: 1, lossPercent: 2 })).toBe(
    "network cut, delay 5 ms ± 1 ms, loss 2 %",
  );
  expect(faultText({})).toBe("");
});

test("each machine may have its own capture filter, and its ssh is never captured", () => {
  expect(parseCapturePoint("d2:port 80 or port 81", "icmp")).toEqual({ name: "d2", filter: "port 80 or port 81" });
  expect(parseCapturePoint("vm-1", "icmp")).toEqual({ name: "vm-1", filter: "icmp" });
  expect(parseCapturePoint("vm-1:", "icmp")).toEqual({ name: "vm-1", filter: "icmp" });
  expect(tcpdumpCommand({ name: "d2", filter: "port 80" }, { seconds: 5, interface: "any" })).toBe(
    "timeout -s INT 5 tcpdump -i any -U --immediate-mode -s 0 -w - '(port 80) and not (tcp port 22)'",
  );
  expect(tcpdumpCommand({ name: "d2", filter: "" }, { seconds: 5, interface: "eth0" })).toMatch(
    / -w - 'not \(tcp port 22\)'$/,
  );
});

test("words reach a machine's shell unchanged", () => {
  expect(["-l", "a b", "it's", "$HOME", ""].map(shellQuote)).toEqual(["-l", "'a b'", `'it'\\''s'`, "'$HOME'", "''"]);
});

test("ssh_config has an alias for each machine, with its key pinned", () => {
  const state = new LabState("/srv/my lab");
  const nics = (address: string) => [{ interface: "eth0", addresses: [address] }];
  const machines = [
    { name: "vm-1", memoryMiB: 256, nics: nics("192.168.139.9/24"), preinstalled: [] },
    { name: "six", memoryMiB: 256, nics: nics("fd00:139::9/64"), preinstalled: [] },
  ];
  const text = sshConfigText(state, machines);
  expect(text).toContain(`Host vm-1
  HostKeyAlias vm-1
  ProxyCommand ip netns exec ${state.namespace} socat STDIO TCP4:192.168.139.9:22,connect-timeout=5
`);
  expect(text).toContain("socat STDIO TCP6:[fd00:139::9]:22,");
  expect(text).toContain('UserKnownHostsFile "/srv/my lab/known_hosts"\n');
  expect(text).toContain("StrictHostKeyChecking yes\n");
});

test("apt's list of archives is read in all its forms; only the distribution's own go into the image", () => {
  const sources = parseSources(
    [
      "http://archive.test/debian/|bookworm|main|$(SIGNED_BY)",
      "http://archive.test/debian/|bookworm|contrib|$(SIGNED_BY)",
      "http://archive.test/debian/|bookworm|main|$(SIGNED_BY)",
      "https://security.test/debian-security/|bookworm-security|main|/usr/share/keyrings/k.gpg",
      "https://vendor.test/apt/|stable|main|",
      "cdrom:[x]/|bookworm|main|",
      "",
    ].join("\n"),
  );
  expect(sourceLines(distributionSources(sources, "bookworm"))).toEqual([
    "deb http://archive.test/debian bookworm main contrib",
    "deb [signed-by=/usr/share/keyrings/k.gpg] https://security.test/debian-security bookworm-security main",
  ]);
  expect(archiveHosts(sources)).toEqual(["archive.test", "security.test", "vendor.test"]);
});
