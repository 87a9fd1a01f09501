import { LabDeployment } from "./support/deployment";
import { lossOf, RequestsResult } from "./support/load";
import { BOOT, MINUTES } from "./support/waiting";

// Machines with real servers come, are made anew and leave, while clients go on: of a director of each plane, and of a service
// that follows Consul.

const VIPS = { ipvs: "10.92.0.101", iptables: "10.92.0.102", "ipvs, from Consul": "10.92.0.103" };
/** One that waits for a machine takes 1 s at least: the kernel sends the first packet of a connection again after it. */
const SLOW_SECONDS = 3;
const lab = LabDeployment.ofProgram("growth");

beforeAll(async () => {
  await lab.up({ WEB_SERVERS: "2" });
}, BOOT);

afterAll(async () => {
  await lab.down();
}, BOOT);

/** `vipstack up` while clients ask all virtual addresses; each must have been answered at once, by these servers. */
async function underLoad(environment: Record<string, string>, servers: readonly string[]): Promise<void> {
  const loads = await Promise.all(
    Object.values(VIPS).map(async (address) => lab.startRequests("client", { address, port: 80, clients: 3 })),
  );
  await Promise.all(loads.map(async (load) => load.ready()));
  await lab.up(environment);
  const results = await Promise.all(loads.map(async (load) => load.finish()));
  for (const [index, address] of Object.keys(VIPS).entries()) expectNoLoss(address, results[index], servers);
}

function expectNoLoss(address: string, result: RequestsResult | undefined, servers: readonly string[]): void {
  if (result === undefined) throw new Error(`${address}: no result`);
  console.info(`${address}: ${lossOf(result)} ${JSON.stringify(result.answers)}`);
  expect([address, result.failures]).toEqual([address, []]);
  expect(result.slowest).toBeLessThan(SLOW_SECONDS);
  expect(Object.keys(result.answers).sort()).toEqual(servers);
}

/** Names of the real servers that answer 12 new connections through each virtual address. */
async function answering(): Promise<string[][]> {
  const all = Object.values(VIPS).map(async (vip) =>
    Object.keys(await lab.answers("client", `http://${vip}/`, 12)).sort(),
  );
  return Promise.all(all);
}

test(
  "a third web server gets its first connection once it answers: none is lost, none waits",
  async () => {
    await underLoad({ WEB_SERVERS: "3" }, ["web1", "web2", "web3"]);
    expect(await answering()).toEqual(Array(3).fill(["web1", "web2", "web3"]));
  },
  8 * MINUTES,
);

test(
  "a machine that is made anew is drained before, and gets connections again afterwards",
  async () => {
    const before = await lab.bootId("web2");
    await underLoad({ WEB_SERVERS: "3", EDITION: "second" }, ["web1", "web2", "web3"]);
    expect(await lab.bootId("web2")).not.toBe(before);
    expect(await answering()).toEqual(Array(3).fill(["web1", "web2", "web3"]));
  },
  8 * MINUTES,
);

test(
  "a machine that leaves is drained before it goes",
  async () => {
    await underLoad({ WEB_SERVERS: "2", EDITION: "second" }, ["web1", "web2", "web3"]);
    expect(await answering()).toEqual(Array(3).fill(["web1", "web2"]));
    const machines = await lab.lab("status");
    expect(machines).toContain("web2");
    expect(machines).not.toContain("web3");
    // It may come back with the same address.
    expect(await lab.on("ipvs", "ls /var/lib/vipstack/absent")).toBe("");
    expect(await lab.on("iptables", "ls /var/lib/vipstack/absent")).toBe("");
  },
  8 * MINUTES,
);
