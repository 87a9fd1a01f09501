import { serviceName } from "./ipvs-rules";
import { ServiceSpec, sortedServices } from "./service-spec";

/**
 * The configuration of consul-rules on the director: which virtual services follow Consul, in ipvsadm's notation, and what happens
 * when no instance is healthy.
 *
 * @param never addresses that are no real server: the director's own and its VIPs
 */
export function renderFollowed(services: readonly ServiceSpec[], never: readonly string[]): string {
  const entries = sortedServices(services).flatMap((service) => {
    const { follows, forwarding, family } = service;
    if (follows === undefined) return [];
    const entry = {
      virtualService: serviceName(service),
      forwarding: forwarding.option,
      service: follows.service,
      family,
      graceSeconds: follows.graceSeconds ?? null,
      never: [...new Set(never)].sort(),
      ...(follows.only && { only: [...follows.only].sort(), port: follows.port }),
    };
    return [[follows.name, entry] as const];
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
