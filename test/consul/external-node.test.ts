import { ExternalNode } from "../../constructs";
import { synth } from "../support/synth";
import { resources } from "./support/resources";

test("two instances of a service on a machine without an agent", () => {
  const { consul_node: nodes, consul_service: services } = resources((stack) => {
    const d2 = new ExternalNode(stack, "d2", { address: "192.168.139.184" });
    d2.addService("web", { port: 80, tags: ["a"] });
    d2.addService("web", { port: 81 });
  });
  expect(nodes).toEqual({ d2: { name: "d2", address: "192.168.139.184", meta: { "external-node": "true" } } });
  expect(Object.values(services ?? {})).toEqual([
    {
      ...{ name: "web", service_id: "web-80", node: "d2", address: "192.168.139.184", port: 80, tags: ["a"] },
      depends_on: ["consul_node.d2"],
    },
    {
      ...{ name: "web", service_id: "web-81", node: "d2", address: "192.168.139.184", port: 81 },
      depends_on: ["consul_node.d2"],
    },
  ]);
});

test("an external node without an address", () => {
  expect(() =>
    synth((stack) => {
      new ExternalNode(stack, "d2", { address: "d2.example" }).addService("web", { port: 80 });
    }),
  ).toThrow("test/d2: 'address' must be an IP address, got \"d2.example\": write it like '192.168.139.184'");
});
