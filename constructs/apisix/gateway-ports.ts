import { canBeLimited, Contribution, PortClaim, Sysctl } from "../machine";
import { limitFailures } from "../packets";
import { Failure } from "../private/failure";
import type { GatewaySettings } from "./gateway-settings";
import { metricsAddress } from "./plugins/attributes";
import { numberFailures } from "./values";

const PORT_CURE = "choose a port of its own";

/** What is wrong with the ports of a gateway: out of range, or taken twice. */
export function portFailures(settings: GatewaySettings): Failure[] {
  const { httpPort, httpsPort, statusPort, controlPort, streamPorts, admin } = settings;
  const metrics = metricsAddress(settings.pluginAttributes);
  const owner = new Map<number, string>([[controlPort, "APISIX's control API"]]);
  const claim = (property: string, got: number, by: string): Failure[] => {
    const first = owner.get(got);
    if (first === undefined) owner.set(got, by);
    return first === undefined ? [] : [{ property, rule: `can't be the port of ${first}, too`, got, cure: PORT_CURE }];
  };
  const named: [property: string, port: number][] = [
    ["httpPort", httpPort],
    ["httpsPort", httpsPort],
    ["statusPort", statusPort],
    ...streamPorts.tcp.map((port): [string, number] => ["streamPorts.tcp", port]),
    ...(admin === undefined ? [] : [["admin.port", admin.port] satisfies [string, number]]),
  ];
  const tcp = [
    ...(metrics === undefined
      ? []
      : claim("pluginAttributes.prometheus.exportAddr.port", metrics.port, "APISIX's metrics")),
    ...named.flatMap(([property, port]) => [
      ...numberFailures({ [property]: port }, { min: 1, max: 65535 }, PORT_CURE),
      ...claim(property, port, `'${property}'`),
    ]),
  ];
  const udp = streamPorts.udp.flatMap((port) =>
    numberFailures({ "streamPorts.udp": port }, { min: 1, max: 65535 }, "choose a UDP port"),
  );
  return [...numberFailures({ controlPort }, { min: 1, max: 65535 }, PORT_CURE), ...tcp, ...udp];
}

/**
 * What is wrong with a limit of who reaches the ports for clients.
 *
 * @param property that holds their addresses and networks
 * @param isSecured whether the gateway's machines have a firewall
 */
export function clientFailures(
  property: string,
  clients: readonly string[] | undefined,
  isSecured: boolean,
  udpPorts: readonly number[] = [],
): Failure[] {
  const far = clients === undefined ? [] : udpPorts.filter((port) => !canBeLimited({ protocol: "udp", port }));
  return [
    ...limitFailures(property, clients, isSecured),
    ...far.map((got) => ({
      property: "streamPorts.udp",
      rule: `must be below 32768 with '${property}', as answers to the machine's own questions come to those above`,
      got,
      cure: `choose another port, or leave '${property}' out`,
    })),
  ];
}

/** Where a gateway's ports are. */
export interface GatewayPlace {
  /** Ports of directors in front that keep the client's port. @default - none */
  readonly virtualPorts?: readonly number[];
  /** Whether only its own machine may ask how it is. @default false */
  readonly privateStatus?: boolean;
  /** Who may connect to the ports for clients. @default - any source */
  readonly from?: readonly string[];
}

/** Its ports for clients. @param virtualPorts of directors in front that keep the client's port */
export function clientPorts(
  { httpPort, httpsPort, streamPorts }: GatewaySettings,
  virtualPorts: readonly number[],
): PortClaim[] {
  const tcp = new Set([httpPort, httpsPort, ...virtualPorts, ...streamPorts.tcp]);
  return [
    ...[...tcp].map((port) => ({ protocol: "tcp" as const, port })),
    ...streamPorts.udp.map((port) => ({ protocol: "udp" as const, port })),
  ];
}

/** What it listens on, on each of its machines. */
export function gatewayPorts(
  settings: GatewaySettings,
  { virtualPorts = [], privateStatus = false, from }: GatewayPlace,
): Contribution["ports"] {
  const { statusPort, controlPort, admin } = settings;
  const metrics = metricsAddress(settings.pluginAttributes);
  const loopback = [controlPort, ...(admin === undefined ? [] : [admin.port])];
  return [
    ...clientPorts(settings, virtualPorts).map((claim) => (from === undefined ? claim : { ...claim, from })),
    { protocol: "tcp", port: statusPort, ...(privateStatus && { from: [] }) },
    ...loopback.map((port) => ({ protocol: "tcp" as const, port, address: "127.0.0.1" })),
    ...(metrics === undefined ? [] : [{ protocol: "tcp" as const, port: metrics.port, address: metrics.ip }]),
  ];
}

/** The image runs as a user of its own, who may not listen on low ports. */
export function lowPorts(settings: GatewaySettings, virtualPorts: readonly number[]): Sysctl[] {
  const { httpPort, httpsPort, statusPort, streamPorts } = settings;
  const lowest = Math.min(
    ...[httpPort, httpsPort, statusPort, ...virtualPorts],
    ...[...streamPorts.tcp, ...streamPorts.udp],
  );
  if (lowest >= 1024) return [];
  const reason = "the gateway's container is no root, and listens on this port";
  return [{ key: "net.ipv4.ip_unprivileged_port_start", value: String(lowest), reason }];
}

/** Memory in MiB that a gateway needs, about: APISIX with one worker process, and 32 for each further one. */
export function gatewayMemory({ workers }: GatewaySettings): number {
  return 96 + 32 * (workers - 1);
}
