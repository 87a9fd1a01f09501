import { spawnSync } from "node:child_process";
import { Fn, Lazy, TerraformStack, TerraformVariable, Token } from "cdktf";
import fc from "fast-check";
import { Contribution, LabBackend, LazyContribution, Machine, SshBackend } from "../../constructs/machine";
import { shellPattern, shellWords } from "../../constructs/machine/render/shell";
import { AgentService, Caddy, ConsulServer, Installation } from "../../constructs";
import { synth } from "../support/synth";
import { yamlAwkwardText } from "../support/yaml-texts";

const box = (stack: TerraformStack): Machine =>
  new Machine(stack, "box", {
    backend: new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] }),
    interfaces: { eth0: ["10.0.0.2/24"] },
  });
const contributing = (part: (stack: TerraformStack) => LazyContribution) => () =>
  synth((stack) => {
    box(stack).contribute(stack, part(stack));
  });

describe("what no machine can have", () => {
  test("all of it in one message, which names the role", () => {
    const part: Contribution = {
      title: "two\nlines",
      packages: ["nginx; reboot", "bad name", "nginx-"],
      aptSources: [{ name: "a/b", uri: "http://x y", suite: "s", components: [], key: "k" }],
      downloads: [{ url: "x.zip", sha256: "1", path: "x", mode: "rwx", unpack: "zip", member: "-x" }],
      users: ["bad user"],
      kernelModules: ["dummy numdummies=2", "-r"],
      sysctls: [{ key: "net core", value: "1\n2", reason: "two\nlines" }],
      files: [
        { path: "relative/path", content: "x" },
        { path: "/etc/../x", content: "x" },
        { path: "/etc/x", content: "a\ud800b", mode: "999" },
      ],
      units: [
        { name: "$(touch /tmp/x).service" },
        { name: "no-suffix" },
        { name: "worker@.service" },
        { name: "-x.service" },
      ],
      liveFiles: [{ path: "/etc/x/", content: "x", reloads: "x" }],
      addresses: ["10.0.0.9 dev eth0", "10.0.0.9/32 dev eth0; reboot", "route 10.1.0.1/24 via 10.0.0.1 dev eth0"],
      ports: [{ protocol: "tcp", port: 0, address: "x" }],
      generated: ["/*", "/etc/app/$(reboot)"],
      commands: ["", "a\0b"],
      ready: [{ check: "true", seconds: 0.5 }],
    };
    expect(contributing(() => part)).toThrow(
      new Error(`test: 38 problems
  - 'title' must be one line, got "two\\nlines": leave out what is no text
  - 'packages' must name Debian packages, got "nginx; reboot": write it like 'nginx' or 'nginx=1.22.1-9'
  - 'packages' must name Debian packages, got "bad name": write it like 'nginx' or 'nginx=1.22.1-9'
  - 'packages' must name Debian packages, got "nginx-": write it like 'nginx' or 'nginx=1.22.1-9'
  - 'aptSources' must have names of letters, digits, '_', '-' and '.', got "a/b": choose a name like 'app'
  - 'aptSources' must give a/b single words as URI, suite, components and versions, got "http://x y": give each word of its own
  - 'aptSources' must give a/b components, got []: write them like ['main']
  - 'downloads' must have URLs, got "x.zip": write it like 'https://example.org/app.zip'
  - 'downloads' must give x a sha256 of 64 hexadecimal digits, or the URL of a list, got "1": take what sha256sum prints
  - 'downloads' must have absolute paths of files, without '.', '..', empty parts and control characters, got "x": write it like '/etc/app/app.conf'
  - 'downloads' must give x a mode of three or four octal digits, got "rwx": write it like '0644'
  - 'downloads' must name the member of x as the archive lists it, got "-x": write it like 'bin/app'
  - 'users' must be names of system users: lower-case letters, digits, '_' and '-', at most 31, got "bad user": choose a name like 'app'
  - 'kernelModules' must be names of kernel modules, got "dummy numdummies=2": give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d
  - 'kernelModules' must be names of kernel modules, got "-r": give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d
  - 'sysctls' must have a kernel setting as key, got "net core": write it like 'net.ipv4.ip_forward'
  - 'sysctls' must give net core a value of one line, got "1\\n2": separate numbers by blanks
  - 'sysctls' must give net core a reason of one line, got "two\\nlines": make it one sentence
  - 'files' must have absolute paths of files, without '.', '..', empty parts and control characters, got "relative/path": write it like '/etc/app/app.conf'
  - 'files' must have absolute paths of files, without '.', '..', empty parts and control characters, got "/etc/../x": write it like '/etc/app/app.conf'
  - 'files' must give /etc/x a mode of three or four octal digits, got "999": write it like '0644'
  - 'files' must give /etc/x text that UTF-8 can hold; there is half of a character in it: cut text between characters, or encode bytes as text
  - 'units' must name systemd units, with their suffix, got "$(touch /tmp/x).service": write it like 'app.service'; systemd-escape makes a name of any text
  - 'units' must name systemd units, with their suffix, got "no-suffix": write it like 'app.service'; systemd-escape makes a name of any text
  - 'units' must name an instance of a template that is to be started, got "worker@.service": write it like 'worker@one.service', or give it 'enable: false'
  - 'units' must name systemd units, with their suffix, got "-x.service": write it like 'app.service'; systemd-escape makes a name of any text
  - 'liveFiles' must have absolute paths of files, without '.', '..', empty parts and control characters, got "/etc/x/": write it like '/etc/app/app.conf'
  - 'liveFiles' must name systemd units, with their suffix, got "x": write it like 'app.service'; systemd-escape makes a name of any text
  - 'addresses' must be lines of the address file, got "10.0.0.9 dev eth0": write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'
  - 'addresses' must be lines of the address file, got "10.0.0.9/32 dev eth0; reboot": write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'
  - 'addresses' must be lines of the address file, got "route 10.1.0.1/24 via 10.0.0.1 dev eth0": write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'
  - 'ports' must be whole numbers from 1 to 65535, got 0: give the port that the role listens on
  - 'ports' must have an address that is one, got "x": write it like '10.0.0.9', or leave it out for every address
  - 'generated' must be shell patterns of files two folders deep or deeper, got "/*": write it like '/etc/app/made-*.conf'
  - 'generated' must be shell patterns of files two folders deep or deeper, got "/etc/app/$(reboot)": write it like '/etc/app/made-*.conf'
  - 'commands' must be shell text without NUL and halves of characters, got "": write a command
  - 'commands' must be shell text without NUL and halves of characters, got "a\\u0000b": write a command
  - 'ready' must wait for a whole number of seconds from 1 to 86400, got 0.5: choose one like 120`),
    );
  });

  test("of a role that still grows, at synth", () => {
    expect(contributing(() => () => ({ packages: ["bad name"] }))).toThrow(
      /\[test\/box\] test: 'packages' must name Debian packages, got "bad name": write it like 'nginx' or 'nginx=1\.22\.1-9'/,
    );
  });

  test("one role that says two things of one file, and two lines for one address", () => {
    const files = ["1", "2"].map((content) => ({ path: "/etc/x", content }));
    const addresses = ["10.0.0.9/32 dev eth0", "10.0.0.9/24 dev eth0"];
    expect(contributing(() => ({ files, addresses }))).toThrow(
      new Error(`test: 2 problems
  - 'files' can't give /etc/x another content than test does: leave one of the two out
  - 'addresses' can't give 10.0.0.9 dev eth0 another content than test does: leave one of the two out`),
    );
  });

  test("names that are possible, though unusual", () => {
    expect(
      contributing(() => ({
        packages: ["g++", "libc6:amd64", "consul=1:1.14.11+dfsg-1~bpo12"],
        users: ["_apt", "www-data"],
        kernelModules: ["ip_vs", "8021q", "nf-nat"],
        sysctls: [
          { key: "-net.ipv4.conf.eth0/100.rp_filter", value: "4096\t131072 6291456", reason: "it's needed" },
          { key: "net/ipv4/ip_forward", value: "", reason: "r" },
        ],
        units: [
          { name: "srv-big\\x2ddata.mount" },
          { name: "worker@a.service" },
          { name: "getty@.service", enable: false },
        ],
        files: [{ path: "/etc/a b'c/ü$(x)", content: "\0", mode: "4755" }],
        addresses: [
          "fd00::9/128  dev lo",
          "route default via 10.0.0.1 dev eth0",
          "route fd01::/64 via fd00::1 dev eth0.100",
        ],
        generated: ["/etc/vipstack/ipvs.d/consul-*.rules"],
      })),
    ).not.toThrow();
  });
});

describe("names of machines", () => {
  const interfaces = { eth0: ["10.0.0.2/24"] };

  test("two of one name are an error that names the first, whatever the case of their letters", () => {
    expect(() =>
      synth((stack) => {
        const backend = new SshBackend(stack, "hosts");
        new Machine(stack, "one", { backend, name: "web", interfaces });
        new Machine(stack, "two", { backend, name: "WEB", interfaces: { eth0: ["10.0.0.3/24"] } });
      }),
    ).toThrow(`'name' can't be that of test/one, too, got "WEB": give one of them another one`);
  });

  test("and so are two of two backends in one stack, whose files would meet", () => {
    expect(() =>
      synth((stack) => {
        new Machine(stack, "one", { backend: new SshBackend(stack, "lan"), name: "web", interfaces });
        new Machine(stack, "two", { backend: new SshBackend(stack, "dmz"), name: "web", interfaces });
      }),
    ).toThrow(
      `[test/two] 'name' can't be that of test/one, whose files are in the same stack, got "web": give one of them another one`,
    );
  });

  test("what the lab refuses is refused at synth", () => {
    const inLab = (name: string, nics: Record<string, string[]>) => () =>
      synth((stack) => {
        const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
        new Machine(stack, "box", { backend, name, interfaces: nics });
      });
    expect(inLab("Web", { lan: ["10.0.0.2/24"] })).toThrow(
      new Error(`test/lab: 2 problems
  - 'name' must be lower-case letters, digits and hyphens, at most 32, for a machine of the lab, got "Web": choose a name like 'web-1'
  - 'interfaces' must be called eth0, eth1, … in this order, eight at most, for machine Web of the lab, got ["lan"]: rename them`),
    );
    expect(inLab("web", { "eth0; x": ["10.0.0.2/24"] })).toThrow(
      new Error(
        `test/box: 'interfaces' must have names of network interfaces, at most 15 characters, got "eth0; x": write it like 'eth0'`,
      ),
    );
  });
});

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
    ["ready", "", (s) => ({ ready: [{ check: "true", seconds: variable(s, "number").numberValue }] })],
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

describe("words for a shell", () => {
  const words = (command: string): string[] => {
    const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" });
    return stdout.split("\0").slice(0, -1);
  };

  test("are read as what they are", () => {
    const text = yamlAwkwardText.filter((each) => !each.includes("\0"));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        expect(words(shellWords(texts))).toEqual(texts);
      }),
      { numRuns: 30 },
    );
    expect(words(shellWords(["srv-big\\x2ddata.mount", "$(id).service", "nginx; reboot"]))).toEqual([
      "srv-big\\x2ddata.mount",
      "$(id).service",
      "nginx; reboot",
    ]);
    expect(shellWords(["a.service", "b@1.service"])).toBe("a.service b@1.service");
  });

  test("a pattern stays one, the rest of it is quoted", () => {
    expect(shellPattern("/etc/vipstack/ipvs.d/consul-*.rules")).toBe("/etc/vipstack/ipvs.d/consul-*.rules");
    expect(shellPattern("/etc/a b/[ab]?$(id)*")).toBe("'/etc/a b/'[ab]?'$(id)'*");
  });
});
