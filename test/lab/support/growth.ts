import { LabDeployment } from "./deployment";
import { lossOf, RequestsResult } from "./load";

const VIPS = { ipvs: "10.92.0.101", iptables: "10.92.0.102", "ipvs, from Consul": "10.92.0.103" };
/** One that waits for a machine takes 1 s at least: the kernel sends the first packet of a connection again after it. */
const SLOW_SECONDS = 3;

/** The program `growth`, whose web servers come, are made anew and leave while clients of every virtual address go on. */
export class Growth {
  readonly lab = LabDeployment.ofProgram("growth");

  /** `vipstack up` while clients ask all virtual addresses; each must have been answered at once, by these servers. */
  async underLoad(environment: Record<string, string>, servers: readonly string[]): Promise<void> {
    const loads = await Promise.all(
      Object.values(VIPS).map(async (address) => this.lab.startRequests("client", { address, port: 80, clients: 3 })),
    );
    await this.lab.up(environment);
    const results = await Promise.all(loads.map(async (load) => load.finish()));
    for (const [index, address] of Object.keys(VIPS).entries()) expectNoLoss(address, results[index], servers);
  }

  /** By virtual address, the real servers that answer 12 new connections. */
  async answering(): Promise<Record<string, string[]>> {
    const all = Object.entries(VIPS).map(async ([name, vip]) => {
      const answers = await this.lab.answers("client", `http://${vip}/`, 12);
      return [name, Object.keys(answers).sort()] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  }

  /** What {@link answering} is where all of them have these real servers. */
  static everywhere(...servers: string[]): Record<string, string[]> {
    return Object.fromEntries(Object.keys(VIPS).map((name) => [name, servers]));
  }
}

function expectNoLoss(address: string, result: RequestsResult | undefined, servers: readonly string[]): void {
  if (result === undefined) throw new Error(`${address}: no result`);
  console.info(`${address}: ${lossOf(result)} ${JSON.stringify(result.answers)}`);
  expect([address, result.failures]).toEqual([address, []]);
  expect(result.slowest).toBeLessThan(SLOW_SECONDS);
  expect(Object.keys(result.answers).sort()).toEqual(servers);
}
