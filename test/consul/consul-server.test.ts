import { TerraformStack } from "cdktf";
import { AgentProfile } from "../../constructs/agents";
import { ConsulClient, ConsulServer } from "../../constructs/consul";
import { Machine } from "../../constructs/machine";
import { asText, complaints, filesBelow, machinesOf, modelsOf, OfferingBackend, withProgram } from "../support/agents";
import { expectGolden } from "../support/golden";
import { synth } from "../support/synth";

const FOLDER = "/etc/consul.d";

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
      timeout: "5m",
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
    '# The cluster\'s servers.\nbootstrap_expect = 3\nautopilot {\n  min_quorum = 3\n}\nretry_join = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]\nretry_interval = "3s"\n',
  );
});

test("a datacenter that exists: machines join it", () => {
  const [web] = modelsOf((stack) => {
    const machines = machinesOf(stack, ["web"]);
    const consul = ConsulServer.fromConsulServerAttributes(stack, "consul", {
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
      `2 parts of the program are refused:
  test/consul: 'addServers' can't hold two servers with one name, got "s1": rename one of the two machines: each agent is known by its machine's name
  test/twin: 'name' can't be that of test/s1, whose files are in the same stack, got "s1": give one of them another one`,
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
        }),
      `test/consul: 3 problems
  - 'datacenter' must be lower-case letters, digits and hyphens, at most 63, got "My_DC": choose a name like 'dc1'; it becomes part of DNS names
  - 'advertiseAddress' must be an address of s1 (10.0.0.11), got "10.9.9.9": choose one of them, or leave it out for the first
  - 'raftMultiplier' must be a whole number from 1 to 10, got 11: 1 is for fast machines, 5 for small ones`,
    ],
    [
      "a second agent on a machine",
      (stack) => {
        const { consul, machine } = server(stack);
        new ConsulClient(stack, "agent", { machine, consul });
      },
      "test/agent: 'machine' can't get a second Consul agent, test/consul is one, got \"s1\": leave this one out, or make it before the roles that add an agent themselves",
    ],
    [
      "bad attributes of what exists",
      (stack) =>
        ConsulServer.fromConsulServerAttributes(stack, "consul", {
          address: "10.0.0.5:8500",
          retryJoin: [],
          version: "1.22",
        }),
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
