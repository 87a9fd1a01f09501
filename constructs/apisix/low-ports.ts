import { Sysctl } from "../machine";
import { GatewaySettings } from "./gateway-options";

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
