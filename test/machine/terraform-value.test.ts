import { Fn, Lazy, TerraformStack, TerraformVariable, Token } from "cdktf";
import { AgentService, Caddy, ConsulServer, Installation } from "../../constructs";
import { Contribution, Machine, SshBackend } from "../../constructs/machine";
import { synth } from "../support/synth";
import { box, contributing } from "./support/box";

describe("values that only Terraform knows", () => {
  const variable = (stack: TerraformStack, type = "string"): TerraformVariable =>
    (stack.node.tryFindChild("v") as TerraformVariable | undefined) ?? new TerraformVariable(stack, "v", { type });
  const secretsCure =
    "it is not there yet when the machine's files are written: give it as one of 'secrets', which Terraform brings to the machine, or let the program itself know the value";

  const text = (stack: TerraformStack): string => variable(stack).stringValue;
  const numberIn = (stack: TerraformStack): string => `port ${variable(stack, "number").numberValue}\n`;
  test.each<[string, string, (stack: TerraformStack) => Contribution]>([
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: `key=${text(s)}\n` }] })],
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: JSON.stringify({ a: { b: text(s) } }) }] })],
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: encodeURIComponent(text(s)) }] })],
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: text(s).replace("$", "$$$$") }] })],
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: Fn.join(",", ["a", text(s)]) }] })],
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: numberIn(s) }] })],
    [
      "files",
      " (in /etc/x)",
      () => ({ files: [{ path: "/etc/x", content: Lazy.stringValue({ produce: () => "late" }) }] }),
    ],
    ["files", "", (s) => ({ files: [{ path: `/etc/${text(s)}`, content: "" }] })],
    ["files", " (in /etc/x)", (s) => ({ files: [{ path: "/etc/x", content: "", mode: text(s) }] })],
    ["liveFiles", " (in /etc/x)", (s) => ({ liveFiles: [{ path: "/etc/x", content: text(s), reloads: "x.service" }] })],
    [
      "secrets",
      " (in /etc/x)",
      (s) => ({ secrets: [{ path: "/etc/x", content: text(s), reloads: `${text(s)}.service` }] }),
    ],
    ["units", " (in x.service)", (s) => ({ units: [{ name: "x.service", content: `Environment=K=${text(s)}\n` }] })],
    [
      "units",
      " (in x.service)",
      (s) => ({
        units: [{ name: "x.service", enable: Lazy.anyValue({ produce: () => text(s) }) as unknown as boolean }],
      }),
    ],
    ["commands", "", (s) => ({ commands: [`curl http://x/${text(s)}`] })],
    ["ready", "", (s) => ({ ready: [{ check: "true", timeout: variable(s, "number").stringValue }] })],
    ["packages", "", (s) => ({ packages: [`nginx=${text(s)}`] })],
    ["packages", "", (s) => ({ packages: variable(s, "list(string)").listValue })],
    ["sysctls", " (in net.a.b)", (s) => ({ sysctls: [{ key: "net.a.b", value: text(s), reason: "r" }] })],
    [
      "downloads",
      " (in /x/y)",
      (s) => ({ downloads: [{ url: `http://x/${text(s)}`, sha256: "0".repeat(64), path: "/x/y" }] }),
    ],
    [
      "aptSources",
      " (in a)",
      (s) => ({
        aptSources: [{ name: "a", uri: "http://x", suite: "s", components: ["c"], key: "k", pins: { [text(s)]: "1" } }],
      }),
    ],
    ["addresses", "", (s) => ({ addresses: [`${text(s)}/32 dev lo`] })],
    ["users", "", (s) => ({ users: [text(s)] })],
    ["kernelModules", "", (s) => ({ kernelModules: [text(s)] })],
    ["ports", "", (s) => ({ ports: [{ protocol: "tcp", port: variable(s, "number").numberValue }] })],
    ["generated", "", (s) => ({ generated: [`/etc/x/${text(s)}`] })],
    ["title", "", (s) => ({ title: text(s) })],
  ])("in %s%s are refused, with the cure", (property, where, part) => {
    let stack: TerraformStack | undefined;
    const build = contributing((given) => part((stack = given)));
    expect(build).toThrow(
      new Error(`test: '${property}' can't hold a value that only Terraform knows${where}: ${secretsCure}`),
    );
    expect(stack).toBeDefined();
  });

  test("of a role that still grows, at synth", () => {
    expect(contributing((stack) => () => ({ commands: [`echo ${text(stack)}`] }))).toThrow(
      /\[test\/box\] test: 'commands' can't hold a value that only Terraform knows: it is not there yet/,
    );
  });

  test("in what roles of the library make of them, naming the role", () => {
    const build = (role: (stack: TerraformStack, machine: Machine) => void) => () =>
      synth((stack) => {
        role(stack, box(stack));
      });
    expect(
      build((stack, machine) => {
        new Caddy(stack, "web", { machine, answers: { 80: text(stack) } });
      }),
    ).toThrow(
      `test/web: 'files' can't hold a value that only Terraform knows (in /etc/caddy/Caddyfile): ${secretsCure}`,
    );
    const install = Installation.url({ url: "http://x/c", sha256: "0".repeat(64), version: "1.14.11" });
    expect(
      build((stack, machine) => {
        const consul = new ConsulServer(stack, "consul", { machine, install });
        new AgentService(stack, "web", { machine, consul, port: 80, tags: [text(stack)] });
      }),
    ).toThrow(
      `test/web: 'liveFiles' can't hold a value that only Terraform knows (in /etc/consul.d/service-web-80.json): ${secretsCure}`,
    );
    expect(
      build((stack, machine) => {
        new ConsulServer(stack, "consul", { machine, install, datacenter: text(stack) });
      }),
    ).toThrow(`test/consul: 'files' can't hold a value that only Terraform knows`);
  });

  test("as a machine's name, address and memory", () => {
    expect(() =>
      synth((stack) => {
        const backend = new SshBackend(stack, "hosts");
        const interfaces = { eth0: [`${text(stack)}/24`] };
        new Machine(stack, "box", { backend, name: Fn.upper("x"), interfaces, memoryMiB: Token.asNumber(Fn.max([1])) });
      }),
    ).toThrow(
      new Error(`test/box: 3 problems
  - 'name' can't hold a value that only Terraform knows: the machine's files are written before: write it into the program, or read it from the environment
  - 'interfaces' can't hold a value that only Terraform knows: the machine's files are written before: write it into the program, or read it from the environment
  - 'memoryMiB' can't hold a value that only Terraform knows: the machine's files are written before: write it into the program, or read it from the environment`),
    );
  });

  test("a number in a secret's content would stand in the state", () => {
    expect(
      contributing((stack) => ({ secrets: [{ path: "/etc/x", content: numberIn(stack), reloads: "x.service" }] })),
    ).toThrow(
      /'secrets' can't hold a number in the content of \/etc\/x, which would be in the state as plain text: give the value of a sensitive variable/,
    );
  });

  test("text that only looks like one stays text", () => {
    const content = "${var.x} %{if} ${aws_instance.a.id} -1.5e+300 TfToken";
    expect(contributing(() => ({ files: [{ path: "/etc/x", content }] }))).not.toThrow();
  });
});
