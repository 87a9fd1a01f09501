import fc from "fast-check";
import { Protocol, Scheduler } from "../../../constructs/lvs";
import { addIpvsSupport } from "../../../constructs/lvs/render/iptables";
import { RealServerSpec, ServiceSpec } from "../../../constructs/lvs/spec";
import { normalizeAddress } from "../../../constructs/machine";
import { IptablesRules } from "../../../constructs/packets";

const port = fc.integer({ min: 1, max: 65535 });
const addresses = {
  4: fc.ipV4(),
  6: fc.ipV6().map((text) => normalizeAddress(text) ?? "::1"),
};

/** Unspecified, multicast, broadcast, link-local. */
const NO_MACHINE = /^(0\.|22[4-9]\.|23\d\.|255\.255\.255\.255|::$|ff..:|fe[89ab].:)/;

/** A real server of a virtual service, that the checks of the constructs would let pass. */
export function anyRealServer(family: 4 | 6, masquerading: boolean, servicePort: number): fc.Arbitrary<RealServerSpec> {
  return fc.record({
    address: addresses[family].filter((address) => !NO_MACHINE.test(address)),
    port: masquerading ? port : fc.constant(servicePort),
    weight: fc.integer({ min: 0, max: 65535 }),
    upperThreshold: fc.constant(undefined),
    lowerThreshold: fc.constant(undefined),
    snatTo: masquerading ? fc.option(addresses[family], { nil: undefined }) : fc.constant(undefined),
  });
}

export const METHODS = [
  { name: "masquerading", option: "-m", snat: true },
  { name: "direct routing", option: "-g", snat: false },
  { name: "tunneling", option: "-i", snat: false },
] as const;

/** A virtual service with or without a mark, that the checks of the constructs would let pass. */
export const anyService: fc.Arbitrary<ServiceSpec> = fc
  .record({
    family: fc.constantFrom<4 | 6>(4, 6),
    method: fc.constantFrom(...METHODS),
    servicePort: port,
    protocol: fc.constantFrom(Protocol.TCP, Protocol.UDP, Protocol.SCTP),
    mark: fc.option(fc.integer({ min: 1, max: 2147483647 }), { nil: undefined }),
    scheduler: fc.constantFrom(
      Scheduler.ROUND_ROBIN,
      Scheduler.WEIGHTED_LEAST_CONNECTION,
      Scheduler.sourceHashing({ port: true, fallback: true }),
      Scheduler.maglevHashing({ port: true }),
    ),
    persistenceTimeoutSeconds: fc.option(fc.integer({ min: 1, max: 2678400 }), { nil: undefined }),
    onePacket: fc.boolean(),
  })
  .chain((shape) => {
    const { family, method, servicePort, protocol } = shape;
    return fc.record({
      chain: fc.constant("VIPSTACK-x"),
      family: fc.constant(family),
      endpoints: addresses[family].map((address) => [{ address, port: servicePort, protocol }]),
      mark: fc.constant(shape.mark),
      scheduler: fc.constant(shape.scheduler),
      persistenceTimeoutSeconds: fc.constant(shape.persistenceTimeoutSeconds),
      onePacket: fc.constant(shape.onePacket && protocol === Protocol.UDP),
      forwarding: fc.constant(method),
      realServers: fc.uniqueArray(anyRealServer(family, method.name === "masquerading", servicePort), {
        maxLength: 4,
        selector: (server) => `${server.address} ${server.port}`,
      }),
    });
  });

const keyOf = ({ mark, family, endpoints: [first] }: ServiceSpec): string =>
  mark === undefined ? `${first?.protocol ?? ""} ${first?.address ?? ""} ${first?.port ?? 0}` : `${mark} ${family}`;

/** Several of them, of which no two are the same service. */
export const anyServices = fc.uniqueArray(anyService, { maxLength: 5, selector: keyOf });

/** One virtual service for TCP port 80 of the director, by masquerading with SNAT, without real servers, and what else it is. */
export function serviceWith(changes: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    chain: "VIPSTACK-web",
    family: 4,
    endpoints: [{ address: "192.168.139.29", port: 80, protocol: Protocol.TCP }],
    scheduler: { word: "rr", flags: [] },
    onePacket: false,
    forwarding: METHODS[0],
    realServers: [],
    ...changes,
  };
}

/** The iptables rules that IPVS needs for these services. */
export function supportRules(services: readonly ServiceSpec[]): string {
  const rules = new IptablesRules();
  for (const service of services) addIpvsSupport(rules, service);
  return rules.render();
}
