import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import fc from "fast-check";
import { CloudInit, renderCloudConfig } from "../../constructs/machine";
import { yamlText } from "../../constructs/machine/render/yaml";
import { READER } from "../support/py-yaml";
import { YAML_TEXTS, yamlAwkwardText } from "../support/yaml-texts";
import { killAll, labProcesses } from "./support/processes";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// The lab by its own command line, without any program: what it promises to its users.

const LAB = join(__dirname, "..", "..", "dist", "lab", "vipstack-lab.js");
const root = mkdtempSync(join(tmpdir(), "vipstack-lab-engine-"));

class Lab {
  readonly directory: string;
  constructor(
    private readonly name: string,
    private readonly address: string,
  ) {
    this.directory = join(root, name, "state");
    mkdirSync(join(root, name, "machines", "box"), { recursive: true });
  }

  async start(forwards: { listen: number; to: string }[] = []): Promise<string> {
    const document = { name: this.name, subnets: ["10.55.0.0/24"], machines: ["box"], forwards };
    writeFileSync(join(root, this.name, "lab.json"), JSON.stringify(document));
    return (await this.run("start", join(root, this.name, "lab.json"))).all ?? "";
  }

  async create(userData = "#cloud-config\n{}\n", reject = true): Promise<execa.ExecaReturnValue> {
    return this.creating(userData, reject);
  }

  creating(userData: string, reject = true): execa.ExecaChildProcess {
    const folder = join(root, this.name, "machines", "box");
    writeFileSync(join(folder, "user-data"), userData);
    writeFileSync(
      join(folder, "machine.json"),
      JSON.stringify({ name: "box", memoryMiB: 320, nics: [{ interface: "eth0", addresses: [`${this.address}/24`] }] }),
    );
    return this.run("create", folder, "--reject", String(reject));
  }

  run(...words: string[]): execa.ExecaChildProcess {
    const at = words.indexOf("--reject");
    const reject = at < 0 || words[at + 1] === "true";
    const plain = at < 0 ? words : words.slice(0, at);
    const [command = "", ...rest] = plain;
    return execa("node", [LAB, command, "--dir", this.directory, ...rest], { all: true, reject });
  }

  /** Whether ssh gets in, within ten seconds. */
  reach(): execa.ExecaChildProcess {
    const words = [
      "-F",
      join(this.directory, "ssh_config"),
      "-o",
      "ConnectTimeout=5",
      "-o",
      "ControlPath=none",
      "box",
      "true",
    ];
    return execa("timeout", ["10", "ssh", ...words], { reject: false });
  }

  /** Round trip in ms from the guest to the lab's router, and how many of ten were lost. */
  async ping(): Promise<{ ms: number; lost: number }> {
    const { stdout } = await this.run("ssh", "box", "--", "ping -c 10 -i 0.2 -W 1 10.55.0.1 || true");
    return {
      ms: Number(/= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1] ?? NaN),
      lost: Number(/(\d+)% packet loss/.exec(stdout)?.[1] ?? NaN),
    };
  }
}

const one = new Lab("one", "10.55.0.11");
const two = new Lab("two", "10.55.0.11");

// Texts that YAML 1.1 takes for something else, as files of a machine.
const awkward = new CloudInit({ hostname: "box", address: "10.55.0.11" }).add("a", {
  files: YAML_TEXTS.map((content, index) => ({ path: `/srv/texts/${index}`, content })),
});

beforeAll(async () => {
  await one.start();
  await two.start();
  await Promise.all([one.create(renderCloudConfig(awkward)), two.create()]);
}, BOOT);

afterAll(async () => {
  for (const lab of [one, two]) await lab.run("stop", "--reject", "false");
  rmSync(root, { recursive: true, force: true });
}, BOOT);

test("two labs with one subnet and one address are up side by side", async () => {
  const ids = await Promise.all(
    [one, two].map(
      async (lab) => (await lab.run("exec", "box", "--", "cat", "/proc/sys/kernel/random/boot_id")).stdout,
    ),
  );
  expect(new Set(ids).size).toBe(2);
});

test("a machine's files are byte for byte what user-data says, and its own reader of YAML takes any text as what it is", async () => {
  const files = `import json; print(json.dumps([open(f"/srv/texts/{i}", newline="").read() for i in range(${YAML_TEXTS.length})]))`;
  const { stdout } = await one.run("exec", "box", "--", "python3", "-c", files);
  expect(JSON.parse(stdout)).toEqual(YAML_TEXTS);
  const samples = fc.sample(fc.array(yamlAwkwardText, { minLength: 5, maxLength: 20 }), 40);
  const ssh = ["-F", join(one.directory, "ssh_config"), "box", `cat > /tmp/read.py; echo read`];
  await execa("ssh", ssh, { input: READER });
  const read = await execa("ssh", [...ssh.slice(0, 3), "python3 /tmp/read.py"], {
    input: JSON.stringify(samples.map((texts) => yamlText({ texts }))),
  });
  expect(JSON.parse(read.stdout)).toEqual(samples.map((texts) => ({ texts })));
});

test("a machine knows its own name", async () => {
  const ask = 'getent hosts "$(hostname)"; hostname -f; sudo true; cat /etc/hosts';
  const { stdout, stderr } = await one.run("ssh", "box", "--", ask);
  expect(stdout).toMatch(/^10\.55\.0\.11 +box\nbox\n# names in this lab\n10\.55\.0\.11 box\n/);
  expect(stderr).toBe("");
});

test("status knows each machine's state", async () => {
  const status = JSON.parse((await one.run("status", "--json")).stdout) as {
    running: boolean;
    machines: { name: string; state: string }[];
  };
  expect(status).toMatchObject({ running: true, machines: [{ name: "box", state: "ready" }] });
});

test("starting a lab that runs is a no-op that says so", async () => {
  expect(await one.start()).toMatch(/already/);
});

test(
  "frames don't wait at a machine until the next one comes",
  async () => {
    // What the machine received twice: the host sent it again, although it had arrived.
    const receivedTwice = async (): Promise<number> => {
      const { stdout } = await one.run("ssh", "box", "--", "nstat -asz TcpExtDelayedACKLost");
      return Number(/^TcpExtDelayedACKLost +(\d+)/m.exec(stdout)?.[1]);
    };
    const before = await receivedTwice();
    const echo = spawn("ssh", ["-F", join(one.directory, "ssh_config"), "box", "cat"]);
    const ended = once(echo, "exit").then(([code]) => Promise.reject(new Error(`ssh ended with ${String(code)}`)));
    ended.catch(() => undefined); // at the end it may
    try {
      for (let turn = 0; turn < 6000; turn += 1) {
        echo.stdin.write("x");
        await Promise.race([once(echo.stdout, "data"), ended]);
      }
    } finally {
      echo.kill();
    }
    // Where guests read from the tap device itself it is 13. Each 200 ms in which the host is busy with something else may add one.
    expect((await receivedTwice()) - before).toBeLessThan(7);
  },
  2 * MINUTES,
);

test("frames wait for a machine that the host does not run: more than the host keeps by itself", async () => {
  const arrived = async (): Promise<number> => {
    const { stdout } = await one.run("ssh", "box", "--", "nstat -asz UdpNoPorts");
    return Number(/^UdpNoPorts +(\d+)/m.exec(stdout)?.[1]);
  };
  const [, namespace = ""] = /ip netns exec (\S+)/.exec(readFileSync(join(one.directory, "ssh_config"), "utf8")) ?? [];
  const before = await arrived();
  await one.run("freeze", "box");
  const send = "for _ in $(seq 2000); do echo frame > /dev/udp/10.55.0.11/9; done"; // nothing listens there
  await execa("ip", ["netns", "exec", namespace, "bash", "-c", send]);
  await one.run("thaw", "box");
  await eventually(async () => {
    expect((await arrived()) - before).toBe(2000);
  });
});

test(
  "delay and loss do what they say, heal undoes them",
  async () => {
    const before = await one.ping();
    expect(before.lost).toBe(0);
    await one.run("delay", "box", "200");
    expect((await one.ping()).ms).toBeGreaterThan(190);
    await one.run("heal", "box");
    await one.run("loss", "box", "100");
    // Its ssh is spared, so that it can be healed.
    expect((await one.ping()).lost).toBe(100);
    await one.run("heal", "box");
    await eventually(async () => {
      expect((await one.ping()).lost).toBe(0);
    });
  },
  3 * MINUTES,
);

test("a cut network cuts, healed it comes back", async () => {
  await one.run("network-cut", "box");
  expect(
    (
      await execa("ssh", ["-F", join(one.directory, "ssh_config"), "-o", "ConnectTimeout=5", "box", "true"], {
        reject: false,
      })
    ).exitCode,
  ).not.toBe(0);
  await one.run("heal", "box");
  await eventually(async () => {
    expect((await one.ping()).lost).toBe(0);
  });
});

test(
  "a lab that was killed with everything in it is cleaned up by the next command",
  async () => {
    const processes = await labProcesses(two.directory);
    expect(processes.length).toBeGreaterThan(1);
    killAll(processes);
    await two.start();
    await two.create();
    expect((await two.run("exec", "box", "--", "hostname")).stdout.trim()).toBe("box");
  },
  BOOT,
);

test(
  "a guest whose commands fail is an error with its name, the stage, its last lines and what to type next",
  async () => {
    const { exitCode, all = "" } = await two.create(
      "#cloud-config\nruncmd:\n  - set -eu\n  - echo the disk is full >&2; exit 3\n",
      false,
    );
    expect(exitCode).toBe(1);
    for (const text of ["box", "runcmd", "the disk is full", "logs box"]) expect(all).toContain(text);
  },
  BOOT,
);

test(
  "user-data that cloud-init can't read is an error that says why",
  async () => {
    const { exitCode, all = "" } = await two.create("#cloud-config\nhostname: box\nruncmd: [\n", false);
    expect(exitCode).toBe(1);
    expect(all).toContain(
      `machine "box": cloud-init did not apply the user-data: it can't be read: while parsing a flow node`,
    );
  },
  BOOT,
);

test(
  "a guest with a failed unit is an error that names the unit",
  async () => {
    const unit =
      "#cloud-config\nwrite_files:\n  - path: /etc/systemd/system/broken.service\n    content: |\n      [Service]\n      Type=oneshot\n      ExecStart=sh -c 'echo no such luck; exit 1'\nruncmd:\n  - systemctl start broken.service || true\n";
    const { exitCode, all = "" } = await two.create(unit, false);
    expect(exitCode).toBe(1);
    for (const text of ["box", "broken.service", "no such luck"]) expect(all).toContain(text);
  },
  BOOT,
);

test(
  "an interrupted create leaves no half-made guest",
  async () => {
    const disk = join(two.directory, "guests", "box", "cow");
    await two.run("delete", "box");
    const creating = two.creating("#cloud-config\n{}\n", false);
    await eventually(() => {
      expect(existsSync(disk)).toBe(true);
    });
    creating.kill("SIGINT", { forceKillAfterTimeout: false });
    expect((await creating).exitCode).not.toBe(0);
    expect(existsSync(disk)).toBe(false);
    // What is left belongs to the lab itself: the package proxy and its way into the namespace.
    for (const pid of await labProcesses(two.directory))
      expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain("boot-kernel");
  },
  BOOT,
);

test("a forward whose port is in use is an error that names the port; nothing is changed", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const document = {
    name: "one",
    subnets: ["10.55.0.0/24"],
    machines: ["box"],
    forwards: [{ listen: port, to: "10.55.0.11:80" }],
  };
  writeFileSync(join(root, "one", "busy.json"), JSON.stringify(document));
  const { exitCode, all = "" } = await one.run("sync", join(root, "one", "busy.json"), "--reject", "false");
  server.close();
  expect(exitCode).toBe(1);
  expect(all).toContain(String(port));
  expect((await one.run("exec", "box", "--", "hostname")).stdout.trim()).toBe("box");
});

test("no room for the base image: how much is needed, how much is there, and what to do", async () => {
  const disk = join(root, "small-disk");
  mkdirSync(disk);
  // The disk is gone with the mount namespace of this shell.
  const prepare = `mount -t tmpfs -o size=64M none ${disk} && XDG_CACHE_HOME=${disk} node ${LAB} prepare`;
  const { exitCode, all = "" } = await execa("unshare", ["--mount", "sh", "-c", prepare], {
    all: true,
    reject: false,
  });
  expect(exitCode).toBe(1);
  expect(all).toContain(
    `error: not enough disk space for the base image: 2.5 GB needed in ${join(disk, "vipstack", "images")}, 0.1 GB free\n` +
      "  what to do: make room there, or set XDG_CACHE_HOME to a folder on a bigger disk",
  );
});
