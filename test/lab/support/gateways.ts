import { LabDeployment } from "./deployment";

interface Instance {
  readonly host: string;
  readonly port: number;
}

interface Checker {
  readonly name: string;
  readonly nodes: readonly { readonly status: string }[] | object;
}

/** What the gateways of a lab say of themselves, on their loopback; one entry a gateway. */
export class Gateways {
  /** @param machines that the gateway `gateway` runs on, at 192.168.139.41 and so on */
  constructor(
    private readonly scene: LabDeployment,
    private readonly machines: readonly string[],
    private readonly name = "gateway",
  ) {}

  /** Something of each of them, by address and machine. */
  async each<Result>(ask: (address: string, machine: string) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.machines.map((machine, index) => ask(`192.168.139.${41 + index}`, machine)));
  }

  /** The instances of a service that they send requests to. */
  async nodesOf(service: string): Promise<string[][]> {
    return this.each(async (_, machine) => {
      const dump = await this.control<{ services: Record<string, Instance[]> }>(machine, "/v1/discovery/consul/dump");
      return (dump.services[service] ?? []).map(({ host, port }) => `${host}:${port}`).sort();
    });
  }

  /** What their own check says of the only node of an object. */
  async healthOf(object: string): Promise<(string | undefined)[]> {
    return this.each(async (_, machine) => {
      const checkers = await this.control<Checker[]>(machine, "/v1/healthcheck");
      const nodes = checkers.find(({ name }) => name === object)?.nodes;
      return Array.isArray(nodes) ? (nodes as { status: string }[])[0]?.status : undefined;
    });
  }

  /** Container and boot: the same as long as nothing was restarted. */
  async identities(): Promise<string[]> {
    return this.each((_, machine) =>
      this.scene.on(
        machine,
        `docker inspect --format '{{.Id}}' gateway-${this.name}; cat /proc/sys/kernel/random/boot_id`,
      ),
    );
  }

  private async control<Answer>(machine: string, path: string): Promise<Answer> {
    return JSON.parse(await this.scene.on(machine, `curl --silent 127.0.0.1:9090${path}`)) as Answer;
  }
}
