/** A real server of a virtual service, as the director's kernel has it. */
export interface TableServer {
  readonly address: string;
  readonly forwarding: string;
  readonly weight: number;
  /** Connections per second, averaged by the kernel over some seconds. */
  readonly connectionsPerSecond: number;
  readonly active: number;
  readonly inactive: number;
  /** Seconds until it is removed at the latest. @default - it does not drain */
  readonly drainSeconds?: number;
}

/** A virtual service there. */
export interface TableService {
  readonly protocol: string;
  readonly address: string;
  readonly scheduler: string;
  readonly connectionsPerSecond: number;
  readonly servers: readonly TableServer[];
}

/**
 * The table of a director of the ipvs plane.
 *
 * @param table output of `ipvsadm -ln`
 * @param rates output of `ipvsadm -ln --rate --exact`
 * @param drains text of ipvs-drain.json; empty where nothing drains
 * @param uptime seconds since the director started, by which drains are timed
 */
export function directorTable(table: string, rates: string, drains: string, uptime: number): TableService[] {
  const perSecond = new Map(rows(rates).map(({ key, words: [value = "0"] }) => [key, Number(value)]));
  const deadlines = Object.entries(JSON.parse(drains.trim() || "{}") as Record<string, [number, number]>);
  const services: (TableService & { servers: TableServer[] })[] = [];
  for (const { key, protocol, address, words } of rows(table)) {
    const connectionsPerSecond = perSecond.get(key) ?? 0;
    const service = services.at(-1);
    if (protocol !== undefined) {
      services.push({ protocol, address, scheduler: words.join(" "), connectionsPerSecond, servers: [] });
    } else if (service !== undefined) {
      const [forwarding = "", weight, active, inactive] = words;
      // Its names are ipvsadm's words: `-t 10.0.0.9:80 -r 10.0.0.31:80`.
      const drain = deadlines.find(
        ([name]) => name.split(" ")[1] === service.address && name.endsWith(` -r ${address}`),
      );
      service.servers.push({
        address,
        forwarding,
        weight: Number(weight),
        connectionsPerSecond,
        active: Number(active),
        inactive: Number(inactive),
        ...(drain && { drainSeconds: Math.max(0, Math.round(drain[1][1] - uptime)) }),
      });
    }
  }
  return services;
}

/** Lines of a table, each known by its service and its server; the heading is none of them. */
function rows(text: string): { key: string; protocol?: string; address: string; words: string[] }[] {
  let service = "";
  return text.split("\n").flatMap((line) => {
    const match = /^(TCP|UDP|SCTP|FWM) +(\S+) *(.*)$/.exec(line) ?? /^( +)-> (\S+:\d\S*|\[\S+) +(.*)$/.exec(line);
    if (match === null) return [];
    const [, first = "", address = "", rest = ""] = match;
    const protocol = first.trim() === "" ? undefined : first;
    if (protocol !== undefined) service = `${protocol} ${address}`;
    const key = protocol === undefined ? `${service} ${address}` : service;
    return [{ key, protocol, address, words: rest.trim().split(/ +/).filter(Boolean) }];
  });
}
