import { RealServers } from "../../constructs/lvs";
import { surveyTopology } from "../../constructs/topology";
import { program } from "../lvs/support/program";

test("a service that follows Consul is described by what the director asks Consul for", () => {
  const { stack } = program(({ following }) => {
    const director = following();
    director.addVirtualService("all", {
      address: "192.168.139.100",
      port: 80,
      realServers: RealServers.fromConsul("hello"),
    });
    director.addVirtualService("some", {
      address: "192.168.139.100",
      port: 81,
      realServers: RealServers.fromConsul("hello", { tag: "blue", datacenter: "dc2" }),
    });
  });
  const [director] = surveyTopology(stack, "lab").directors;
  expect(director?.services.map(({ follows, tag, datacenter }) => ({ follows, tag, datacenter }))).toEqual([
    { follows: "hello", tag: undefined, datacenter: undefined },
    { follows: "hello", tag: "blue", datacenter: "dc2" },
  ]);
});
