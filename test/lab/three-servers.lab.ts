import { deployed } from "./support/deployment";
import { savedSnapshot } from "./support/snapshots";
import { BOOT, eventually, MINUTES, secondsUntil } from "./support/waiting";

// Servers that agree, and objects in Consul that outlive one of them.

const environment = { VIPSTACK_CONSUL_PORT: "18501" };
const cluster = deployed("three-servers", environment);

interface Autopilot {
  readonly Healthy: boolean;
  readonly FailureTolerance: number;
  readonly Servers: readonly { readonly Name: string; readonly Version: string; readonly Leader: boolean }[];
}

/** Consul's own word on its servers, asked on a machine that is none. */
async function autopilot(): Promise<Autopilot> {
  const url = "http://127.0.0.1:8500/v1/operator/autopilot/health";
  return JSON.parse(await cluster.on("box", `curl --silent ${url}`)) as Autopilot;
}

async function title(): Promise<string> {
  return cluster.on("box", "consul kv get web/title");
}

/** Waits until Consul calls so many servers healthy. @returns the leader's name */
async function healthy(servers: number, failureTolerance: number): Promise<string> {
  await eventually(async () => {
    const { Healthy, FailureTolerance, Servers } = await autopilot();
    expect([Healthy, FailureTolerance, Servers.length]).toEqual([true, failureTolerance, servers]);
  }, 5 * MINUTES);
  return (await autopilot()).Servers.find(({ Leader }) => Leader)?.Name ?? "";
}

test(
  "three servers of one version are healthy and agree on a leader; the local agent knows all",
  async () => {
    expect(["s1", "s2", "s3"]).toContain(await healthy(3, 1));
    expect(new Set((await autopilot()).Servers.map(({ Version }) => Version))).toEqual(new Set(["1.14.11"]));
    const members = (await cluster.on("box", "consul members | awk 'NR > 1 { print $1, $3, $4 }'")).split("\n").sort();
    expect(members).toEqual(["box alive client", "s1 alive server", "s2 alive server", "s3 alive server"]);
  },
  6 * MINUTES,
);

test("a key of the program is in Consul, also through the host's loopback", async () => {
  expect(await title()).toBe("Hello");
  expect(await (await fetch("http://127.0.0.1:18501/v1/kv/web/title?raw")).text()).toBe("Hello");
});

test(
  "another value is brought, no machine is touched; the next up changes nothing",
  async () => {
    expect(await cluster.up({ ...environment, TITLE: "${Good} %{day}" })).toMatch(/Up after/);
    expect(await title()).toBe("${Good} %{day}");
    expect(await cluster.up({ ...environment, TITLE: "${Good} %{day}" })).toMatch(/Nothing to change/);
  },
  BOOT,
);

test(
  "the leader without power: the others elect one, the key is still there; with its power it is one of three again",
  async () => {
    const leader = await healthy(3, 1);
    await cluster.lab("power-cut", leader);
    const took = await secondsUntil(async () => {
      const others = (await autopilot()).Servers;
      expect(others.some(({ Name, Leader }) => Leader && Name !== leader)).toBe(true);
    });
    console.log(`another leader was known after ${took} s`);
    expect(await title()).toBe("${Good} %{day}");
    await cluster.lab("power-on", leader);
    await healthy(3, 1);
  },
  2 * BOOT,
);

test(
  "a snapshot that the timer's service saved brings a lost key back, through another server",
  async () => {
    expect(await cluster.on("s2", "systemctl is-active vipstack-consul-snapshot.timer")).toBe("active");
    const newest = await savedSnapshot(cluster, "s2", "consul");
    await cluster.on("box", "consul kv delete web/title");
    expect((await cluster.tryOn("box", "consul kv get web/title")).output).toContain("No key exists");
    const content = await cluster.on("s2", `base64 -w 0 ${newest}`);
    await cluster.on(
      "s3",
      `echo '${content}' | base64 -d > /run/consul.snap && consul snapshot restore /run/consul.snap`,
    );
    await eventually(async () => {
      expect(await title()).toBe("${Good} %{day}");
    });
  },
  6 * MINUTES,
);

test(
  "an agent whose id a power cut left empty gets another one",
  async () => {
    await cluster.on("box", "systemctl stop consul; : > /var/lib/consul/node-id; systemctl start consul");
    await eventually(async () => {
      expect(await cluster.on("box", "consul members | grep ^box")).toMatch(/alive/);
    }, 2 * MINUTES);
    expect(await title()).toBe("${Good} %{day}");
  },
  3 * MINUTES,
);
