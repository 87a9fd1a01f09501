import { App, Testing } from "cdktf";
import { Caddy } from "../../constructs/caddy";
import { Director, FilterAction } from "../../constructs/lvs";
import { MachinesStack } from "../../constructs/stacks";
import { lab } from "../support/inventory";

/** A program whose director has a mistake, and more of them. */
function program(mistakes: (d2: MachinesStack<"d2" | "ipvs" | "vm-1">, director: Director) => void): App {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: lab });
  mistakes(machines, new Director(machines, "director", { machine: machines.all.ipvs, drainTimeout: "-1s" }));
  return app;
}

function messageOf(app: App): string {
  try {
    app.synth();
    return "";
  } catch (error) {
    return String(error);
  }
}

test("every mistake of a program is in one message", () => {
  const app = program((machines, director) => {
    const { d2 } = machines.all;
    new Caddy(machines, "caddy", { machine: d2, answers: {} });
    const web = director.addVirtualService("web", { address: "10.0.0.1/24", port: 65536 });
    web.addRealServer("one", { machine: d2, weight: -1 });
    director.addVirtualService("more", {
      address: "192.168.139.100",
      port: 80,
      realServers: [{ machine: d2, weight: 70000 }, { machine: d2 }],
    });
    director.addRedirect("ftp", { port: 21, toPorts: [5, 4] });
    director.addPortFilter("ssh", { ports: [], action: FilterAction.DROP });
  });
  // What each says is tested where it belongs.
  expect(messageOf(app).replace(/(: '\w+'|- '\w+').*/g, "$1 …"))
    .toBe(`ValidationError: 8 parts of the program are refused:
  machines/director: 'drainTimeout' …
  machines/caddy: 'answers' …
  machines/director/web: 2 problems
    - 'port' …
    - 'address' …
  machines/director/web/one: 'weight' …
  machines/director/more/d2: 'weight' …
  machines/director/more/d2.2: 'machine' …
  machines/director/ftp: 'toPorts' …
  machines/director/ssh: 'ports' …`);
});

test("what can't go on brings along what was wrong before it", () => {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: lab });
  new Caddy(machines, "caddy", { machine: machines.all.d2, answers: {} });
  expect(() => new MachinesStack(app, "again", { inventory: { ...lab, subnets: [] } })).toThrow(
    /^2 parts of the program are refused:\n {2}machines\/caddy: 'answers' must name at least one port: .*\n {2}again\/lab: 'subnets' must/,
  );
});

test("a single mistake is the message of its construct, also of Testing.synth", () => {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: lab });
  new Caddy(machines, "caddy", { machine: machines.all.d2, answers: {} });
  const message = "machines/caddy: 'answers' must name at least one port: for example { 80: \"hello\" }";
  expect(messageOf(app)).toBe(`ValidationError: ${message}`);
  expect(() => Testing.synth(machines)).toThrow(new Error(message));
});
