import { addBalancedService } from "../../constructs/lvs/render/balancing";
import { chainName, IptablesRules } from "../../constructs/packets";
import { renderIpvsRules } from "../../constructs/lvs/render/ipvs";
import { Protocol, ServiceSpec } from "../../constructs/lvs/spec";
import { ControlPlane } from "./control-candidates";

/** A service of the iptables plane can't have many more: the rules of its chain are asked one after the other. */
const SERVERS_OF_A_SERVICE = 50;
/** Of each real server. */
const PORT = 8080;

/** The rules file of a director with so many real servers, as vipstack renders it. @param weight of one of them */
export function rulesOf(plane: ControlPlane, servers: number, weight: number): string {
  const services = servicesOf(servers, weight);
  if (plane === "ipvs") return renderIpvsRules(services);
  const rules = new IptablesRules();
  for (const service of services) addBalancedService(rules, service);
  return rules.render();
}

/** The real server with another weight, the one in the middle, and the virtual address of its service, with port 80. */
export function changedServer(servers: number): { address: string; port: number; virtualAddress: string } {
  const index = changedIndex(servers);
  return {
    address: address("10.98", index),
    port: PORT,
    virtualAddress: address("10.99", Math.floor(index / SERVERS_OF_A_SERVICE)),
  };
}

export function servicesOf(servers: number, weight: number): ServiceSpec[] {
  return Array.from({ length: Math.ceil(servers / SERVERS_OF_A_SERVICE) }, (_, index) => {
    const first = index * SERVERS_OF_A_SERVICE;
    return {
      chain: chainName(`bench-${index}`),
      family: 4,
      endpoints: [{ address: address("10.99", index), port: 80, protocol: Protocol.TCP }],
      scheduler: { word: "wrr", flags: [] },
      onePacket: false,
      forwarding: { name: "masquerading", option: "-m", snat: true },
      realServers: Array.from({ length: Math.min(SERVERS_OF_A_SERVICE, servers - first) }, (_server, at) => ({
        address: address("10.98", first + at),
        port: PORT,
        weight: first + at === changedIndex(servers) ? weight : 1,
        snatTo: "10.94.0.10",
      })),
    };
  });
}

function changedIndex(servers: number): number {
  return Math.floor(servers / 2);
}

function address(network: string, index: number): string {
  return `${network}.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}
