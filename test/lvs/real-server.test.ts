import { Director, ForwardingMethod, Refusal } from "../../constructs/lvs";
import { Machines, messageOf } from "./support/program";

const service = { address: "192.168.139.100", port: 80 };

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "a real server is there already",
    ({ director, behind }) =>
      director().addVirtualService("web", { ...service, realServers: [{ machine: behind }, { machine: behind }] }),
    "test/director/web/behind.2: 'machine' can't be a real server of one virtual service twice; 10.0.0.11:80 is already test/director/web/behind, got \"behind\": give it another port, or raise the weight of the first one",
  ],
  [
    "a real server has the VIP itself",
    ({ director, d2 }) =>
      director().addVirtualService("web", { address: "192.168.139.184", port: 80, realServers: [{ machine: d2 }] }),
    "test/director/web/d2: 'machine' can't have the VIP 192.168.139.184 as an address of its own, got \"d2\": choose a VIP that no machine has",
  ],
  [
    "a real server has no address of the VIP's family",
    ({ director, d2 }) =>
      director().addVirtualService("web", { address: "fd00:139::100", port: 80, realServers: [{ machine: d2 }] }),
    "test/director/web/d2: 'machine' must have an IPv6 address, as the VIP fd00:139::100 has, got \"d2\": give d2 one in its 'interfaces', or make an IPv4 virtual service",
  ],
  [
    "numbers of a real server are out of range, all in one message",
    ({ director, behind }) =>
      director()
        .addVirtualService("web", service)
        .addRealServer("a", { machine: behind, port: 65536, weight: -1, upperThreshold: 5, lowerThreshold: 6 }),
    "test/director/web/a: 3 problems\n" +
      "  - 'port' must be a whole number from 1 to 65535, got 65536: choose the port that the server listens on\n" +
      "  - 'weight' must be a whole number from 0 to 65535, got -1: weights count in relation to each other; 0 means no new connections\n" +
      "  - 'lowerThreshold' can't be above 'upperThreshold' (5), got 6: choose a smaller one, or leave it out for three quarters of 'upperThreshold'",
  ],
  [
    "a lower threshold stands alone",
    ({ director, behind }) =>
      director().addVirtualService("web", service).addRealServer("a", { machine: behind, lowerThreshold: 6 }),
    "test/director/web/a: 'lowerThreshold' has no effect without 'upperThreshold', got 6: give 'upperThreshold', too, or leave both out",
  ],
  [
    "two directors want to be the gateway of one machine",
    ({ director, stack, behind, behind2 }) => {
      const forwarding = ForwardingMethod.masquerading();
      director().addVirtualService("web", { ...service, forwarding, realServers: [{ machine: behind }] });
      const other = new Director(stack, "other", { machine: behind2 });
      const realServers = [{ machine: behind }];
      const acknowledge = [Refusal.MASQUERADING_SAME_SUBNET];
      other.addVirtualService("web", { address: "10.0.0.99", port: 80, forwarding, realServers, acknowledge });
    },
    "test/other/web/behind: 'machine' can't have two gateways; test/director/web/behind made 10.0.0.1 the gateway of behind, got \"10.0.0.12\": use ForwardingMethod.masquerading({ snat: true }) for one of the two virtual services",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});
