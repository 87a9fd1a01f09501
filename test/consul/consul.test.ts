import { TerraformStack } from "cdktf";
import { AgentProfile, Installation } from "../../constructs/agents";
import { ConsulClient, ConsulServer } from "../../constructs/consul";
import { versionAtLeast } from "../../constructs/private/version";
import { CloudInit, Machine } from "../../constructs/machine";
import { asText, complaints, filesBelow, machinesOf, OfferingBackend, withProgram } from "../support/agents";
import { expectGolden } from "../support/golden";
import { synth } from "../support/synth";

const FOLDER = "/etc/consul.d";

/** The models of the machines that a program made, once it was synthesized. */
function modelsOf(build: (stack: TerraformStack) => Machine[]): CloudInit[] {
  let machines: Machine[] = [];
  synth((stack) => {
    machines = build(stack);
  });
  return machines.map(({ model }) => model);
}

function threeServers(stack: TerraformStack): Machine[] {
  const [s1, s2, s3, web] = machinesOf(stack, ["s1", "s2", "s3", "web"]) as [Machine, Machine, Machine, Machine];
  const consul = new ConsulServer(stack, "consul", { machine: s1 });
  consul.addServers([s2, s3]);
  new ConsulClient(stack, "agent", { machine: web, consul });
  return [s1, s2, s3, web];
}

function development(stack: TerraformStack): Machine[] {
  const machines = machinesOf(stack, ["server"]);
  new ConsulServer(stack, "consul", { machine: machines[0]!, profile: AgentProfile.DEV });
  return machines;
}

test("configuration of three servers and a client", () => {
  const [s1, , s3, web] = modelsOf(threeServers);
  expectGolden("consul.server.hcl", asText(filesBelow(s1!, FOLDER)));
  expectGolden("consul.client.hcl", asText(filesBelow(web!, FOLDER)));
  expect(filesBelow(s3!, FOLDER)["cluster.hcl"]).toBe(filesBelow(s1!, FOLDER)["cluster.hcl"]);
});

test("configuration of the dev profile", () => {
  const [server] = modelsOf(development);
  expectGolden("consul.dev.hcl", asText(filesBelow(server!, FOLDER)));
});

const withConsul = withProgram("consul");
withConsul("consul itself takes the configuration of every agent", () => {
  const models = [...modelsOf(threeServers), ...modelsOf(development)];
  expect(models.map((model) => complaints("consul", filesBelow(model, FOLDER)))).toEqual(models.map(() => ""));
  expect(complaints("consul", { "a.hcl": "no_such_key = 1" })).toMatch("no_such_key");
});

test("the unit, and the program that other units wait with", () => {
  const [server] = modelsOf(development);
  expectGolden("consul.service", server!.units.find(({ name }) => name === "consul.service")?.content ?? "");
  expectGolden("wait-for-consul.sh", filesBelow(server!, "/usr/local/lib/vipstack")["wait-for-consul"] ?? "");
  expect(server!.ready).toEqual([
    {
      check: "curl --silent --fail --max-time 5 http://127.0.0.1:8500/v1/status/leader | grep -q :",
      seconds: 300,
    },
  ]);
});

test("a further server replaces no machine: its address and the new count are live content", () => {
  const build = (names: string[]) => (stack: TerraformStack) => {
    const [first, ...others] = machinesOf(stack, names);
    new ConsulServer(stack, "consul", { machine: first! }).addServers(others);
  };
  const [one, three] = [synth(build(["s1"])), synth(build(["s1", "s2", "s3"]))];
  expect(one.data("s1")).toEqual(three.data("s1"));
  expect(three.data("s1_live").triggers_replace["/etc/consul.d/cluster.hcl"]).toBe(
    '# The cluster\'s servers.\nbootstrap_expect = 3\nretry_join = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]\nretry_interval = "3s"\n',
  );
});

test("from what the backend offers: a download; from the vendor: a package that stays, its source and its key", () => {
  const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----";
  const [offered, packaged] = modelsOf((stack) => {
    const machines = machinesOf(stack, ["a", "b"]);
    const install = Installation.vendorApt({ version: "1.14.10", key });
    new ConsulServer(stack, "one", { machine: machines[0]! });
    new ConsulServer(stack, "two", { machine: machines[1]!, install });
    return machines;
  });
  expect(offered!.downloads).toEqual([
    { url: "http://10.0.0.1:3143/consul_1.14.11", sha256: "a".repeat(64), path: "/usr/local/bin/consul" },
  ]);
  expect(packaged!.packages).toEqual(["consul=1.14.10-1", "curl"]);
  expect(packaged!.aptSources).toMatchObject([{ name: "hashicorp", pins: { consul: "1.14.10-1" } }]);
  expect(packaged!.units[0]?.content).toContain("ExecStart=/usr/bin/consul agent");
});

test("an archive of the vendor holds the program under its name", () => {
  const url = "https://releases.hashicorp.com/consul/1.14.11/consul_1.14.11_linux_amd64.zip";
  const install = Installation.url({ url, sha256: "b".repeat(64), version: "1.14.11" });
  expect(install._of("consul").contribution.downloads).toEqual([
    { url, sha256: "b".repeat(64), path: "/usr/local/bin/consul", unpack: "zip", member: "consul" },
  ]);
});

test("a release: the vendor's zip by its known sum; where the backend offers that version, what it offers", () => {
  const [arm, offered, other] = modelsOf((stack) => {
    const bare = new OfferingBackend(stack, "bare", {});
    const offering = new OfferingBackend(stack, "offering", { consul: "2.0.2" });
    const machines = [...machinesOf(stack, ["a"], bare), ...machinesOf(stack, ["b", "c"], offering)];
    const releases = [
      Installation.release("1.16.3", { architecture: "arm64" }),
      Installation.release("2.0.2"),
      Installation.release("1.16.3"),
    ];
    for (const [index, install] of releases.entries())
      new ConsulServer(stack, `consul${index}`, { machine: machines[index]!, install });
    return machines;
  });
  expect(arm!.downloads).toEqual([
    {
      url: "https://releases.hashicorp.com/consul/1.16.3/consul_1.16.3_linux_arm64.zip",
      sha256: "349d1a996349ee496d389464884a10bf0899bd46b2820bf6fc1dc29c49caa50b",
      path: "/usr/local/bin/consul",
      unpack: "zip",
      member: "consul",
    },
  ]);
  expect(offered!.downloads).toMatchObject([{ url: "http://10.0.0.1:3143/consul_2.0.2", sha256: "a".repeat(64) }]);
  expect(other!.downloads).toMatchObject([
    { sha256: "9d0d7ad123844d43543d285cc0b3e15393d75ffa384bf84e5d64226a7f3d3132" },
  ]);
});

test("a datacenter that exists: machines join it", () => {
  const [web] = modelsOf((stack) => {
    const machines = machinesOf(stack, ["web"]);
    const consul = ConsulServer.fromAddress(stack, "consul", {
      address: "http://10.0.0.5:8500",
      retryJoin: ["10.0.0.5", "10.0.0.6"],
      datacenter: "east",
    });
    expect(consul.httpAddress).toBe("http://10.0.0.5:8500");
    consul.ensureAgent(stack, machines[0]!);
    consul.ensureAgent(stack, machines[0]!);
    return machines;
  });
  const files = filesBelow(web!, FOLDER);
  expect(files["consul.hcl"]).toContain('datacenter = "east"');
  expect(files["cluster.hcl"]).toContain('retry_join = ["10.0.0.5", "10.0.0.6"]');
});

describe("fails on", () => {
  const server = (stack: TerraformStack, names = ["s1", "s2"]) => {
    const [machine, ...others] = machinesOf(stack, names);
    return { consul: new ConsulServer(stack, "consul", { machine: machine! }), machine: machine!, others };
  };

  test.each<[string, (stack: TerraformStack) => unknown, string]>([
    [
      "two servers with one name",
      (stack) => {
        const { consul } = server(stack);
        const backend = new OfferingBackend(stack, "other");
        const twin = new Machine(stack, "twin", { backend, name: "s1", interfaces: { eth0: ["10.0.0.99/24"] } });
        consul.addServers([twin]);
      },
      "test/consul: 'addServers' can't hold two servers with one name, got \"s1\": rename one of the two machines: each agent is known by its machine's name",
    ],
    [
      "one server twice",
      (stack) => {
        const { consul, machine } = server(stack);
        consul.addServers([machine]);
      },
      "test/consul: 'addServers' can't name a machine that is a server already, got \"s1\": leave it out",
    ],
    [
      "a second server of the dev profile",
      (stack) => {
        const [machine, other] = machinesOf(stack, ["s1", "s2"]);
        new ConsulServer(stack, "consul", { machine: machine!, profile: AgentProfile.DEV }).addServers([other!]);
      },
      "test/consul: 'addServers' can't be used with AgentProfile.DEV, which is one server: leave 'profile' out for a cluster of 3 or 5 servers",
    ],
    [
      "bad props, all in one message",
      (stack) =>
        new ConsulServer(stack, "consul", {
          machine: machinesOf(stack, ["s1"])[0]!,
          datacenter: "My_DC",
          advertiseAddress: "10.9.9.9",
          raftMultiplier: 11,
          install: Installation.url({ url: "http://a/consul", sha256: "12", version: "latest" }),
        }),
      `test/consul: 5 problems
  - 'datacenter' must be lower-case letters, digits and hyphens, at most 63, got "My_DC": choose a name like 'dc1'; it becomes part of DNS names
  - 'advertiseAddress' must be an address of s1 (10.0.0.11), got "10.9.9.9": choose one of them, or leave it out for the first
  - 'raftMultiplier' must be a whole number from 1 to 10, got 11: 1 is for fast machines, 5 for small ones
  - 'install' must name a version of three numbers, got "latest": write it like '1.14.11'; a word like 'latest' would make two machines different
  - 'install' must have a sha256 of 64 hexadecimal digits, got "12": sha256sum FILE prints it`,
    ],
    [
      "a backend without the program",
      (stack) => {
        const [machine] = machinesOf(stack, ["s1"], new OfferingBackend(stack, "bare", {}));
        new ConsulServer(stack, "consul", { machine: machine! });
      },
      "test/consul: 'install' must say where consul comes from: the backend of s1 has none to offer: Installation.release(version), Installation.vendorApt({ version, key }), or Installation.url({ url, sha256, version })",
    ],
    [
      "a release without a known sum",
      (stack) => {
        const [machine] = machinesOf(stack, ["s1"], new OfferingBackend(stack, "bare", {}));
        new ConsulServer(stack, "consul", { machine: machine!, install: Installation.release("1.9.9") });
      },
      "test/consul: 'install' must be a release of consul whose sum is known: 1.16.3, 1.22.7, 2.0.2, got \"1.9.9\": choose one of them, or give the sum yourself: Installation.url({ url, sha256, version })",
    ],
    [
      "a release that is no version",
      (stack) => {
        const [machine] = machinesOf(stack, ["s1"]);
        new ConsulServer(stack, "consul", { machine: machine!, install: Installation.release("latest") });
      },
      "test/consul: 'install' must name a version of three numbers, got \"latest\": write it like '1.14.11'; a word like 'latest' would make two machines different",
    ],
    [
      "a second agent on a machine",
      (stack) => {
        const { consul, machine } = server(stack);
        new ConsulClient(stack, "agent", { machine, consul });
      },
      "test/agent: 'machine' can't get a second Consul agent, test/consul is one, got \"s1\": leave this one out, or make it before the roles that bring one along",
    ],
    [
      "bad attributes of what exists",
      (stack) =>
        ConsulServer.fromAddress(stack, "consul", { address: "10.0.0.5:8500", retryJoin: [], version: "1.22" }),
      `test/consul: 3 problems
  - 'address' must be a URL without a path, got "10.0.0.5:8500": write it like 'http://10.0.0.5:8500'
  - 'retryJoin' must hold the address of at least one server: for example ['10.0.0.5']
  - 'version' must be three numbers, got "1.22": write it like '1.14.11'`,
    ],
  ])("%s", (_, build, message) => {
    expect(() => synth((stack) => void build(stack))).toThrow(new Error(message));
  });

  test.each([
    [2, "must lead to an odd number of servers, got 2: 2 survive as many losses as 1: add one or leave one out"],
    [9, "must lead to 7 servers at most: each write waits for a majority, got 9: make the others clients"],
  ])("%i servers", (count, message) => {
    const names = Array.from({ length: count }, (_, index) => `s${index}`);
    expect(() =>
      synth((stack) => {
        const { consul, others } = server(stack, names);
        consul.addServers(others);
      }),
    ).toThrow(`  [test/consul] 'addServers' ${message}\n`);
  });

  test("a port that another role listens on", () => {
    expect(() =>
      synth((stack) => {
        const { consul, machine } = server(stack);
        machine.contribute(stack, { ports: [{ protocol: "tcp", port: 8500 }] });
        expect(consul.retryJoin).toEqual(["10.0.0.11"]);
      }),
    ).toThrow("can't claim tcp port 8500, which test/consul listens on");
  });
});

test.each([
  ["1.22.5", "1.22.5", true],
  ["1.22.10", "1.22.5", true],
  ["1.22.4", "1.22.5", false],
  ["2.0.0", "1.22.5", true],
  ["1.9.9", "1.22.5", false],
  ["1.22.5+ent", "1.22.5", true],
])("%s is at least %s: %s", (version, minimum, expected) => {
  expect(versionAtLeast(version, minimum)).toBe(expected);
});
