import { readdirSync, readFileSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import type { Item } from "../../cli/licences/items";
import type { Status } from "../../cli/status";
import { countLines } from "./support/answers";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES } from "./support/waiting";

const port = "18080";
const main = new LabDeployment("three-machines");
const environment = { VIPSTACK_VIP_PORT: port };
let before: HostState;
let printed = "";
/** Names the lab's namespace and its folder in /run; follows from its state folder. */
let labId = "not known yet";

beforeAll(async () => {
  before = await hostState();
  printed = await main.up(environment);
  const { namespace } = JSON.parse(await main.lab("status", "--json")) as { namespace: string };
  labId = namespace.replace("vipstack-", "");
}, BOOT);

test("up ends with the machines, the director's table, four answers through the VIP, and what to type next", () => {
  const end = printed.slice(printed.indexOf("┌"));
  for (const text of ["vm-1", "192.168.139.68", "d2", "192.168.139.184", "ipvs", "192.168.139.29"])
    expect(end).toContain(text);
  expect(end).toMatch(
    /TCP {2}192\.168\.139\.29:80 rr\n {2}-> 192\.168\.139\.184:80 +Masq +1 .*\n {2}-> 192\.168\.139\.184:81 +Masq +1 /,
  );
  expect(countLines(end.slice(end.indexOf("vm-1$ curl")))).toMatchObject({ "  d2:80": 2, "  d2:81": 2 });
  expect(end).toMatch(/d2 .*caddy on 80, 81/);
  expect(end).toContain(`http://127.0.0.1:${port}/`);
  expect(end).toMatch(/npm run down/);
});

test("the first push of live content to a new machine reloads nothing: its boot has just started all units", async () => {
  expect(await main.on("ipvs", "ls /var/lib/vipstack/pushed")).toBe("/var/lib/vipstack/pushed");
  expect(await main.on("ipvs", "journalctl --boot | grep -c 'Started.*IPVS table\\|Finished.*IPVS table'")).toBe("1");
  expect(await main.on("ipvs", "journalctl --boot | grep -c 'Reload.*IPVS table' || true")).toBe("0");
});

test("a port of the host's loopback leads to the VIP", async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(async () => (await fetch(`http://127.0.0.1:${port}/`)).text()));
  expect(countLines(answers.join(""))).toEqual({ "d2:80": 2, "d2:81": 2 });
});

test("cloud-init is done on every machine, without an error, and no unit has failed", async () => {
  for (const machine of ["vm-1", "d2", "ipvs"]) {
    expect(JSON.parse(await main.on(machine, "cloud-init status --format json"))).toMatchObject({
      status: "done",
      errors: [],
    });
    expect(await main.on(machine, "systemctl --failed --no-legend")).toBe("");
  }
});

test("a machine tells versions of the packages it got, and the sums of its programs", async () => {
  const { exitCode, output } = await main.vipstack(["licences", "three-machines", "--machine", "ipvs", "--json"]);
  expect(exitCode).toBe(0);
  const items = JSON.parse(output) as Item[];
  const named = (name: string): Item | undefined => items.find((item) => item.name === name);
  const version = await main.on("ipvs", "dpkg-query --show --showformat '${Version}' iptables");
  // The guests' disk image has no copyright files.
  expect(named("iptables")).toMatchObject({
    version,
    licence: "GPL-2.0-only",
    knownFrom: "Debian 12's copyright file",
  });
  expect(items.filter(({ openSource }) => openSource !== true)).toEqual([]);
  const [sum] = (await main.on("ipvs", "sha256sum /usr/local/lib/vipstack/ipvs-rules")).split(" ");
  expect(named("ipvs-rules")?.sum).toBe(`sha256:${sum}`);
});

test("cloud-init itself finds every user-data right", async () => {
  for (const machine of ["vm-1", "d2", "ipvs"]) {
    expect(await main.on(machine, "cloud-init schema --system")).toMatch(/Valid/);
  }
});

test("the director really installed ipvsadm at its first boot, loaded the modules, and sets what the notes set", async () => {
  expect(await main.on("ipvs", "grep -h ' install ipvsadm' /var/log/dpkg.log")).toMatch(/install ipvsadm:amd64/);
  expect((await main.on("ipvs", "lsmod | cut -d ' ' -f 1")).split("\n")).toEqual(
    expect.arrayContaining(["ip_vs", "ip_vs_rr"]),
  );
  expect(
    await main.on(
      "ipvs",
      "sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.ipv4.conf.eth0.rp_filter net.ipv4.vs.conntrack",
    ),
  ).toBe("1\n0\n0\n1");
});

test(
  "status is one screen about machines and tables; the same as JSON",
  async () => {
    const { output } = await main.vipstack(["status"]);
    expect(output).toMatch(/^vm-1 +192\.168\.139\.68 +ready +\d+ (s|min) +client$/m);
    expect(output).toMatch(
      /^TCP 192\.168\.139\.29:80 +rr .*\n {2}→ 192\.168\.139\.184:80 +Masq +1 .*\n {2}→ 192\.168\.139\.184:81 +Masq +1 /m,
    );
    await main.on("vm-1", "for i in $(seq 60); do curl --silent http://192.168.139.29/ > /dev/null; done");
    const { machines, directors, problems } = JSON.parse((await main.vipstack(["status", "--json"])).output) as Status;
    expect(machines.map(({ name, state }) => [name, state])).toEqual([
      ["vm-1", "ready"],
      ["d2", "ready"],
      ["ipvs", "ready"],
    ]);
    expect(directors[0]?.services[0]).toMatchObject({ address: "192.168.139.29:80", scheduler: "rr" });
    // An average of the kernel's, which rises after some seconds.
    await eventually(async () => {
      await main.on("vm-1", "for i in $(seq 60); do curl --silent http://192.168.139.29/ > /dev/null; done");
      const { directors: now } = JSON.parse((await main.vipstack(["status", "--json"])).output) as Status;
      expect(now[0]?.services[0]?.servers.map(({ connectionsPerSecond }) => connectionsPerSecond > 0)).toEqual([
        true,
        true,
      ]);
    }, 3 * MINUTES);
    expect(problems).toEqual([]);
  },
  5 * MINUTES,
);

test(
  "exec, ssh and logs find the deployment; words and exit code pass unchanged",
  async () => {
    const words = ["exec", "ipvs", "--", "printf", "%s|", "a  b", "--json", "$HOME", "it's"];
    expect(await main.vipstack(words)).toEqual({ exitCode: 0, output: "a  b|--json|$HOME|it's|" });
    expect(await main.vipstack(["exec", "d2", "--", "sh", "-c", "exit 7"])).toMatchObject({ exitCode: 7 });
    expect((await main.vipstack(["ssh", "d2"], "hostname\n")).output).toMatch(/^d2$/m);
    expect((await main.vipstack(["logs", "ipvs", "--lines", "20"])).output).toMatch(/Cloud-init v\. .* finished/);
    expect((await main.vipstack(["logs", "ipvs", "--journal", "--lines", "400"])).output).toMatch(/IPVS table/);
    expect(await main.vipstack(["logs", "ipvs", "--lines", "few"])).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/--lines must be a number, got 'few'\n→ for example 100/) as string,
    });
    expect(await main.vipstack(["ssh", "d3"])).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/no machine 'd3' is up\n→ choose one of: vm-1, d2, ipvs/) as string,
    });
  },
  3 * MINUTES,
);

test(
  "ls names what is up, also a lab whose folder was deleted while it ran",
  async () => {
    expect((await main.vipstack(["ls"])).output).toMatch(/^ipvs +192\.168\.139\.29 +ready +director of tcp/m);
    renameSync(main.labDirectory, `${main.labDirectory}.away`);
    try {
      expect((await main.vipstack(["ls"])).output).toContain(
        `The folder of a lab was deleted while it runs: ${main.labDirectory} (d2, ipvs, vm-1). Stop it: `,
      );
    } finally {
      renameSync(`${main.labDirectory}.away`, main.labDirectory);
    }
  },
  MINUTES,
);

test(
  "doctor finds nothing wrong; then a web server that does not run, with evidence and cure",
  async () => {
    await eventually(async () => {
      const { exitCode, output } = await main.vipstack(["doctor"]);
      expect(output).toMatch(/^✔ tcp 192\.168\.139\.29:80 on ipvs: \d+ of \d+ requests of vm-1 were answered/m);
      expect(exitCode).toBe(0);
    });
    await main.on("d2", "systemctl stop caddy");
    try {
      const { exitCode, output } = await main.vipstack(["doctor"]);
      expect(output).toMatch(/^✖ tcp 192\.168\.139\.29:80 on ipvs: 0 of \d+ requests of vm-1 were answered/m);
      expect(output).toMatch(
        /^ {2}Cause {5}no server listens on 192\.168\.139\.184:80.* are refused \[port-refused\]$/m,
      );
      expect(output).toMatch(/^ {2}Evidence {2}.*\n(?: {12}.*\n)+ {2}Cure {6}on d2: systemctl --failed; .* caddy\)$/m);
      expect(exitCode).toBe(1);
    } finally {
      await main.on("d2", "systemctl start caddy");
    }
  },
  4 * MINUTES,
);

test(
  "a second up changes nothing and says so",
  async () => {
    expect(await main.up(environment)).toMatch(NOTHING_TO_CHANGE);
  },
  BOOT,
);

test(
  "down leaves nothing behind: no process, namespace, mount, interface or file",
  async () => {
    const during = await hostState();
    expect(during.processes).not.toEqual([]);
    expect(during.namespaces.join()).toContain(labId);
    await main.down();
    expect(existsSync(main.root)).toBe(false);
    expect(await hostState()).toEqual(before);
  },
  BOOT,
);

interface HostState {
  readonly processes: readonly string[];
  readonly namespaces: readonly string[];
  readonly mounts: readonly string[];
  readonly interfaces: readonly string[];
  readonly files: readonly string[];
}

/** Everything on the host where a lab could leave something, without what belongs to other labs that run beside this one. */
async function hostState(): Promise<HostState> {
  const foreign = (existsSync("/run/vipstack") ? readdirSync("/run/vipstack") : []).filter((id) => id !== labId);
  const own = (lines: string[]): string[] =>
    lines.filter((line) => line !== "" && !foreign.some((id) => line.includes(id))).sort();
  const command = async (...words: [string, ...string[]]): Promise<string[]> =>
    own((await execa(words[0], words.slice(1))).stdout.split("\n"));
  // Other test files have agents of their own on this host, which mount folders.
  const isLabs = (line: string): boolean => [labId, main.root, "/run/vipstack/"].some((part) => line.includes(part));
  const inFolder = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name));
  return {
    processes: (await command("ps", "-eo", "args")).filter((line) => line.includes(labId) || line.includes(main.root)),
    namespaces: await command("ip", "netns", "list"),
    mounts: own(readFileSync("/proc/mounts", "utf8").split("\n")).filter(isLabs),
    interfaces: await command("ip", "-brief", "link"),
    files: own(
      ["/tmp", "/run", "/run/vipstack", "/dev/shm"].filter((folder) => existsSync(folder)).flatMap(inFolder),
    ).filter((name) => /vipstack-[0-9a-f]{8}$|uml|vm_file|\/[0-9a-f]{8}$/.test(name)),
  };
}
