import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { AgentProfile } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { CloudInit, DockerEngine, Machine } from "../../constructs/machine";
import { NomadClient, NomadServer } from "../../constructs/nomad";
import { asText, complaints, filesBelow, machinesOf, modelsOf, OfferingBackend, withProgram } from "../support/agents";
import { expectGolden } from "../support/golden";
import { synth } from "../support/synth";

const FOLDER = "/etc/nomad.d";

/** A server and two clients, as most programs have them. */
function small(stack: TerraformStack): Machine[] {
  const [server, web1, web2] = machinesOf(stack, ["server", "web1", "web2"]) as [Machine, Machine, Machine];
  const consul = new ConsulServer(stack, "consul", { machine: server });
  const nomad = new NomadServer(stack, "nomad", { machine: server, consul });
  nomad.addClients([web1], { docker: true });
  new NomadClient(stack, "plain", {
    machine: web2,
    nomad,
    rawExec: true,
    cpuTotalCompute: 4000,
    nodeClass: "small",
    meta: { rack: "r1", "example.com/zone": "a" },
    hostNetworks: { inside: { cidr: "10.0.0.0/24", reservedPorts: "22,80" }, outside: { interface: "eth0" } },
  });
  expect(nomad.clients).toEqual([web1, web2]);
  return [server, web1, web2];
}

function development(stack: TerraformStack): Machine[] {
  const machines = machinesOf(stack, ["server"]);
  const [machine] = machines as [Machine];
  const consul = new ConsulServer(stack, "consul", { machine, profile: AgentProfile.DEV });
  new NomadServer(stack, "nomad", { machine, consul, profile: AgentProfile.DEV, client: { docker: true } });
  return machines;
}

function unitOf(model: CloudInit | undefined): string {
  return model?.units.find(({ name }) => name === "nomad.service")?.content ?? "";
}

test("configuration of a server, a Docker client and a client with everything", () => {
  const [server, web1, web2] = modelsOf(small);
  expectGolden("nomad.server.hcl", asText(filesBelow(server!, FOLDER)));
  expectGolden("nomad.docker-client.hcl", asText(filesBelow(web1!, FOLDER)));
  expectGolden("nomad.client.hcl", filesBelow(web2!, FOLDER)["client.hcl"] ?? "");
});

test("the dev profile is server and client in one agent", () => {
  const [server] = modelsOf(development);
  expectGolden("nomad.dev.hcl", asText(filesBelow(server!, FOLDER)));
  expect(unitOf(server)).toContain("User=root");
});

const withNomad = withProgram("nomad");
withNomad("Nomad itself takes the configuration of every agent", () => {
  const models = [...modelsOf(small), ...modelsOf(development)];
  expect(models.map((model) => complaints("nomad", filesBelow(model, FOLDER)))).toEqual(models.map(() => ""));
  expect(complaints("nomad", { "a.hcl": "no_such_key = 1" })).toMatch("no_such_key");
});

test("units: a server runs as nomad, a client as root; both start once Consul knows a leader", () => {
  const [server, web1] = modelsOf(small);
  expectGolden("nomad.server.service", unitOf(server));
  expectGolden("nomad.client.service", unitOf(web1));
  expect(server!.users).toEqual(["consul", "nomad"]);
  expect(web1!.users).toEqual(["consul"]);
});

test("a Docker client: Consul agent, Docker with the mirror, CNI plugins, modules, settings, what is waited for", () => {
  const [, web1] = modelsOf(small);
  expect(filesBelow(web1!, "/etc/consul.d")["cluster.hcl"]).toContain('retry_join = ["10.0.0.11"]');
  expect(filesBelow(web1!, "/etc/docker")).toEqual({
    "daemon.json":
      '{\n  "cgroup-parent": "containers.slice",\n  "registry-mirrors": [\n    "http://10.0.0.1:5000"\n  ]\n}\n',
  });
  expect(web1!.packages).toEqual(["ca-certificates", "curl", "docker.io"]);
  expect(web1!.downloads.map(({ path, unpack }) => [path, unpack])).toEqual([
    ["/usr/local/bin/consul", undefined],
    ["/opt/cni/bin", "tar.gz"],
    ["/usr/local/bin/nomad", undefined],
  ]);
  expect(web1!.kernelModules).toEqual(["bridge", "br_netfilter"]);
  expect(web1!.sysctls.map(({ key }) => key)).toEqual([
    "net.bridge.bridge-nf-call-arptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.bridge.bridge-nf-call-iptables",
    "net.ipv4.ip_forward",
  ]);
  expect(web1!.units.map(({ name, wait }) => [name, wait ?? true])).toEqual([
    ["consul.service", false],
    ["docker.service", true],
    ["nomad.service", false],
  ]);
  expect(web1!.ready.map(({ timeout }) => timeout)).toEqual(["5m", "2m", "1m", "5m"]);
});

test("a client counts as ready once a job of each of its drivers can be placed on it", () => {
  const lines = {
    "initializing eligible": false,
    "ready eligible": false,
    "ready eligible docker": false,
    "ready eligible raw_exec": false,
    "ready ineligible docker raw_exec": false,
    "ready eligible docker exec": false,
    "ready eligible docker raw_exec": true,
    "ready eligible docker exec java raw_exec": true,
    "ready eligible dockerx raw_exec": false,
  };
  const [server] = modelsOf(development);
  const { check } = server!.ready.at(-1)!;
  expect(check).toMatch(/^curl .*agent\/health\?type=client' && \/usr\/local\/bin\/nomad node status -self -t '/);
  const succeeds = (line: string): boolean => {
    const program = `curl() { :; }; ${check.replace("/usr/local/bin/nomad", `nomad() { echo '${line}'; }; nomad`)}`;
    return spawnSync("sh", ["-c", program]).status === 0;
  };
  expect(Object.fromEntries(Object.keys(lines).map((line) => [line, succeeds(line)]))).toEqual(lines);
});

test("without an offer or a mirror: Debian's CNI plugins, Docker Hub itself", () => {
  const [web] = modelsOf((stack) => {
    const backend = new OfferingBackend(stack, "bare", { consul: "1.14.11", nomad: "1.6.3" });
    const machines = machinesOf(stack, ["web", "server"], backend);
    const consul = new ConsulServer(stack, "consul", { machine: machines[1]! });
    new NomadServer(stack, "nomad", { machine: machines[1]!, consul }).addClients([machines[0]!], { docker: true });
    return machines;
  });
  expect(web!.packages).toContain("containernetworking-plugins");
  expect(filesBelow(web!, FOLDER)["client.hcl"]).toContain('cni_path = "/usr/lib/cni"');
  expect(filesBelow(web!, "/etc/docker")["daemon.json"]).toBe('{\n  "cgroup-parent": "containers.slice"\n}\n');
});

test("three servers: one Consul agent a machine, be it a server's or a client's; a further one replaces no machine", () => {
  const build = (count: number) => (stack: TerraformStack) => {
    const [first, ...others] = machinesOf(stack, ["s1", "s2", "s3"]);
    const consul = new ConsulServer(stack, "consul", { machine: first! });
    new NomadServer(stack, "nomad", { machine: first!, consul }).addServers(others.slice(0, count - 1));
  };
  const [one, three] = [synth(build(1)), synth(build(3))];
  expect(one.data("s1")).toEqual(three.data("s1"));
  expect(three.data("s1_live").triggers_replace["/etc/nomad.d/cluster.hcl"]).toContain("bootstrap_expect = 3");
});

test("a cluster that exists: a machine becomes its client", () => {
  const [web] = modelsOf((stack) => {
    const machines = machinesOf(stack, ["web"]);
    const consul = ConsulServer.fromConsulServerAttributes(stack, "consul", {
      address: "http://10.0.0.5:8500",
      retryJoin: ["10.0.0.5"],
    });
    const nomad = NomadServer.fromNomadServerAttributes(stack, "nomad", {
      address: "http://10.0.0.5:4646",
      consul,
      region: "eu",
    });
    new NomadClient(stack, "client", { machine: machines[0]!, nomad });
    expect(nomad.clients).toEqual(machines);
    return machines;
  });
  expect(filesBelow(web!, FOLDER)["nomad.hcl"]).toContain('region = "eu"');
  expect(unitOf(web)).not.toContain("docker.service");
});

test("the processors' speed is set only where the kernel reports none", () => {
  const [server] = modelsOf(development);
  const folder = mkdtempSync(join(tmpdir(), "vipstack-cpu-"));
  const program = (cpuinfo: string): string => {
    const text = filesBelow(server!, "/usr/local/lib/vipstack")["nomad-cpu"]!;
    const here = text.replaceAll("/run/nomad", folder).replace("/proc/cpuinfo", cpuinfo).replace("/sys/", "/nowhere/");
    execFileSync("sh", ["-c", here]);
    return readFileSync(join(folder, "cpu.hcl"), "utf8");
  };
  execFileSync("sh", ["-c", `echo 'cpu MHz : 2000' > ${folder}/fast`]);
  expect(program(`${folder}/fast`)).toBe("client {\n}\n");
  expect(program("/dev/null")).toMatch(/^client \{\n {2}cpu_total_compute = \d+000\n\}\n$/);
  rmSync(folder, { recursive: true });
});

describe("fails on", () => {
  const cluster = (stack: TerraformStack) => {
    const [server, web] = machinesOf(stack, ["server", "web"]) as [Machine, Machine];
    const consul = new ConsulServer(stack, "consul", { machine: server });
    return { nomad: new NomadServer(stack, "nomad", { machine: server, consul }), consul, server, web };
  };

  test.each<[string, (stack: TerraformStack) => unknown, string]>([
    [
      "bad props of a client, all in one message",
      (stack) => {
        const { nomad, web: machine } = cluster(stack);
        return new NomadClient(stack, "client", {
          machine,
          nomad,
          dockerVolumes: true,
          cpuTotalCompute: 0,
          hostNetworks: { a: {}, b: { interface: "eth7" }, c: { cidr: "10.1.0.0/24" } },
        });
      },
      `test/client: 5 problems
  - 'dockerVolumes' can't be set without Docker: add 'docker: true'
  - 'hostNetworks.a' must have either 'cidr' or 'interface', got {}: for example { interface: "eth0" }
  - 'hostNetworks.b' must be a network of web, got "eth7": choose one of eth0, 10.0.0.0/24
  - 'hostNetworks.c' must be a network of web, got "10.1.0.0/24": choose one of eth0, 10.0.0.0/24
  - 'cpuTotalCompute' must be a whole number from 1 to 10000000, got 0: 4000 stands for two slow processors`,
    ],
    [
      "one machine as a client twice",
      (stack) => {
        const { nomad, web } = cluster(stack);
        nomad.addClients([web]);
        return new NomadClient(stack, "client", { machine: web, nomad });
      },
      "test/client: 'machine' can't be a client twice, got \"web\": leave one of the two out",
    ],
    [
      "a client that becomes a server",
      (stack) => {
        const { nomad, web } = cluster(stack);
        nomad.addClients([web]);
        nomad.addServers([web]);
      },
      "test/nomad: 'addServers' can't make a server of a machine that is a client already, got \"web\": add the server first, then the client",
    ],
    [
      "bad props of a server",
      (stack) => {
        const { consul, web: machine } = cluster(stack);
        return new NomadServer(stack, "other", {
          machine,
          consul,
          region: "EU",
          dynamicPorts: { min: 30000, max: 40000 },
        });
      },
      `test/other: 2 problems
  - 'region' must be lower-case letters, digits and hyphens, at most 63, got "EU": choose a name like 'dc1'; it becomes part of DNS names
  - 'dynamicPorts' must be a range within 1024 to 32767, below the ports of outgoing connections, got {"min":30000,"max":40000}: { min: 20000, max: 32000 } is Nomad's own`,
    ],
  ])("%s", (_, build, message) => {
    expect(() => synth((stack) => void build(stack))).toThrow(new Error(message));
  });

  test("an address of another machine, an even number of servers, and agents of two clusters on one machine", () => {
    expect(() =>
      synth((stack) => {
        const { nomad, web: machine } = cluster(stack);
        return new NomadClient(stack, "client", { machine, nomad, advertiseAddress: "10.9.9.9" });
      }),
    ).toThrow("test/client: 'advertiseAddress' must be an address of web (10.0.0.12), got \"10.9.9.9\"");
    expect(() =>
      synth((stack) => {
        const { nomad, web } = cluster(stack);
        nomad.addServers([web]);
      }),
    ).toThrow("[test/nomad] 'addServers' must lead to an odd number of servers, got 2");
    expect(() =>
      synth((stack) => {
        const { consul, server } = cluster(stack);
        new NomadServer(stack, "second", { machine: server, consul });
      }),
    ).toThrow("can't claim tcp port 4646, which test/nomad listens on");
  });
});

test("Docker may be on a machine twice over, as a role of its own and through a client", () => {
  const [web] = modelsOf((stack) => {
    const machines = small(stack);
    new DockerEngine(stack, "docker", { machine: machines[1]! });
    return machines.slice(1, 2);
  });
  expect(web!.packages.filter((name) => name === "docker.io")).toHaveLength(1);
});
