import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { TerraformStack } from "cdktf";
import { Construct, Node } from "constructs";
import { Director, Gateway, LabBackend, Machine, Route, Upstream, WebJob } from "../../constructs";
import { ByWord } from "../../constructs/private/by-word";
import { WholeProgram } from "../../constructs/private/whole-program";
import { synth } from "../support/synth";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** As many of everything that looks at all others of the program. */
function program(stack: TerraformStack, count: number): void {
  new NomadProvider(stack, "nomad", { address: "http://127.0.0.1:4646" });
  new ConsulProvider(stack, "consul");
  const gateway = Gateway.fromGatewayAttributes(stack, "gateway", { version: "3.18.0" });
  const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/16"], directory: "/nowhere" });
  for (const number of numbers(count)) {
    const job = new WebJob(stack, `job-${number}`, { docker: { image: "busybox:1" }, ports: { www: { to: 80 } } });
    new Route(stack, `route-${number}`, { gateway, uri: `/${number}`, upstream: Upstream.toService(job.service()) });
    const interfaces = { eth0: [`10.0.1.${number + 1}/16`] };
    const machine = new Machine(stack, `machine-${number}`, { backend, interfaces });
    const director = new Director(stack, `director-${number}`, { machine });
    const server = {
      machine: Machine.fromMachineAttributes(stack, `server-${number}`, { interfaces: { eth0: ["10.1.0.9/16"] } }),
    };
    for (const port of [80, 443])
      director.addVirtualService(`web-${port}`, { address: `10.0.2.${number + 1}`, port, realServers: [server] });
  }
}

/** How often the tree is searched from some construct down. */
function searches(count: number): number {
  const findAll = jest.spyOn(Node.prototype, "findAll");
  synth((stack) => {
    program(stack, count);
  });
  const { length } = findAll.mock.calls;
  findAll.mockRestore();
  return length;
}

test("a program of many is not searched more often than one of few", () => {
  expect(searches(24)).toBe(searches(6));
});

describe("what constructs tell of themselves", () => {
  const joined = (): WholeProgram<string, string> => new WholeProgram((all) => all.map(({ what }) => what).join(" "));

  test("is seen in the order of the tree, whatever the order in which it was told", () => {
    const told = joined();
    synth((stack) => {
      const [first, second] = ["first", "second"].map((id) => new Construct(stack, id));
      told.tell(second!, "second");
      told.tell(first!, "first");
      expect(told.below(stack.node.root)).toBe("first second");
      expect(told.below(second!)).toBe("second");
    });
  });

  test("is made anew once something else was told, from wherever one looks", () => {
    const told = joined();
    synth((stack) => {
      const inner = new Construct(stack, "inner");
      expect([told.below(stack.node.root), told.below(stack), told.below(inner)]).toEqual(["", "", ""]);
      told.tell(inner, "late");
      expect([told.below(stack.node.root), told.below(stack), told.below(inner)]).toEqual(["late", "late", "late"]);
    });
  });
});

test("things are found by any of their words, each once, in their order", () => {
  const byWord = new ByWord(["b c", "a", "c a", "d"], (each) => each.split(" "));
  expect(byWord.with(["a", "c", "unknown"])).toEqual(["b c", "a", "c a"]);
});
