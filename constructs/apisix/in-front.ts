import { IConstruct } from "constructs";
import { VirtualService } from "../lvs";
import { IMachine } from "../machine";

/** A gateway as far as directors lead to it. */
export interface Behind extends IConstruct {
  /** Its name in Consul. */
  readonly name: string;
  /** Where it runs. @default - not known */
  readonly machines?: readonly IMachine[];
}

/** A director's virtual service that leads to a gateway. */
export interface InFront {
  readonly virtualService: VirtualService;
  readonly director: IMachine;
  /** The port that clients use. */
  readonly port: number;
  /** The port of the gateway. @default - the one that it is registered with in Consul, for plain HTTP */
  readonly to?: number;
}

/** Everything in the program that leads to a gateway, at the time of the call. */
export function inFrontOf(gateway: Behind): InFront[] {
  const places = [gateway, gateway.name, ...(gateway.machines ?? [])];
  return VirtualService._leadingTo(gateway.node.root, places).flatMap((each) => partsOf(each, each._director, gateway));
}

function partsOf(virtualService: VirtualService, director: IMachine, gateway: Behind): InFront[] {
  const { endpoints, followed, forwarding, realServers } = virtualService;
  const keepsPort = forwarding.name !== "masquerading";
  const fixed = realServers.filter(({ machine }) => (gateway.machines ?? []).includes(machine));
  return endpoints.flatMap(({ port }): InFront[] => {
    const part = { virtualService, director, port };
    if (followed !== undefined)
      return (followed.known as unknown) === gateway || followed.service === gateway.name
        ? [keepsPort ? { ...part, to: port } : part]
        : [];
    const ports = new Set(fixed.map((server) => (keepsPort || server.port === 0 ? port : server.port)));
    return [...ports].map((to) => ({ ...part, to }));
  });
}
