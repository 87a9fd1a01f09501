import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { AgentProfile } from "../../constructs/agents";
import { Gateway, GatewayOptions, MachineGateway, MachineGatewayProps, Route, Upstream } from "../../constructs/apisix";
import { ConsulKeys, ConsulServer } from "../../constructs/consul";
import { Director } from "../../constructs/lvs";
import { CloudInit, Machine, renderCloudConfig } from "../../constructs/machine";
import { Job, NomadServer } from "../../constructs/nomad";
import { defineInventory, PlatformStack } from "../../constructs/stacks";
import { throwPostponed } from "../../constructs/private/validation";
import { asText, machinesOf, OfferingBackend } from "../support/agents";
import { freePorts } from "../support/free-ports";
import { expectGolden, expectGoldenDifference } from "../support/golden";
import { describeWithPrograms, programFile } from "../support/programs";
import { admin, CONFIG, everything, fileOf, gatewayModel, RUN, START, unitOf, variable } from "./support/gateways";

// A gateway whose Consul cluster has AgentProfile.PRODUCTION. On machines: test/lab/production-gateway.long.ts.

const folder = mkdtempSync(join(tmpdir(), "vipstack-production-gateway-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const UNIT = "vipstack-gateway-front.service";
const TOKENS = "/etc/vipstack/secrets/consul-tokens";
const FIREWALL = "/etc/vipstack/iptables.d/firewall.v4";
/** No rule before it lets others pass. */
const ONLY_STATUS = "\n-A VIPSTACK-FIREWALL -p tcp -m tcp --syn -m multiport --dports 7085 -j DROP\n";

interface Secured {
  readonly gw: CloudInit;
  /** Policies by the names of their tokens. */
  readonly policies: Readonly<Record<string, string>>;
}

let programs = 0;

/** A gateway `front` on `gw`, with a route and a key of its own stack. */
function secured(
  options: (stack: TerraformStack) => Partial<MachineGatewayProps> = () => ({}),
  hasRoute = true,
  more: (scene: { stack: TerraformStack; gw: Machine; lb: Machine }) => void = () => undefined,
): Secured {
  const app = new App({ outdir: join(folder, String((programs += 1))) });
  const stack = new TerraformStack(app, "machines");
  const backend = new OfferingBackend(stack, "offering", { consul: "1.14.11", "consul-template": "0.41.1" });
  const names = ["s1", "s2", "s3", "gw", "lb"];
  type Machines = [Machine, Machine, Machine, Machine, Machine];
  const [s1, s2, s3, gw, lb] = machinesOf(stack, names, backend) as Machines;
  const consul = new ConsulServer(stack, "consul", { machine: s1, profile: AgentProfile.PRODUCTION });
  consul.addServers([s2, s3]);
  const gateway = new MachineGateway(stack, "front", { machines: [gw], consul, ...options(stack) });
  const subnets = ["10.0.0.0/24"];
  const inventory = defineInventory({ name: "gateway", subnets, machines: [{ name: "s1", address: "10.0.0.11" }] });
  const platform = new PlatformStack(app, "platform", { consul, inventory });
  new ConsulKeys(platform, "keys", { keys: { "apisix/other": "x" } });
  const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });
  if (hasRoute) new Route(platform, "hello", { gateway, uri: "/hello", upstream });
  more({ stack, gw, lb });
  throwPostponed(stack);
  const access = s1.model.secrets.find(({ path }) => path.endsWith("/access.json"))?.content ?? "";
  return { gw: gw.model, policies: (JSON.parse(access) as { policies: Record<string, string> }).policies };
}

test("its units and programs, by what differs from those where Consul wants no token", () => {
  const { gw } = secured();
  expectGolden("gateway.production.run.sh", fileOf(gw, RUN));
  expectGoldenDifference("gateway.production.start.diff", "gateway.start.sh", fileOf(gw, START));
  expectGoldenDifference("gateway.production.service.diff", "gateway.service", unitOf(gw, UNIT));
  expectGolden("gateway.production.turn.service", unitOf(gw, "vipstack-gateway-front-turn.service"));
  expectGoldenDifference(
    "gateway.production.routes.service.diff",
    "gateway.routes.service",
    unitOf(gw, "vipstack-gateway-front-routes.service"),
  );
  const started = gw.units.flatMap(({ name, enable, wait }) =>
    name.includes("gateway") ? [{ name, enable, wait }] : [],
  );
  expect(started).toEqual([
    { name: "vipstack-gateway-front-routes.service", wait: false },
    { name: UNIT, wait: false },
    { name: "vipstack-gateway-front-turn.service", enable: false },
  ]);
});

test("its configuration differs by the hook that gives APISIX its token, and by nothing else", () => {
  const { gw } = secured();
  const hooked = fileOf(gatewayModel(), CONFIG).replace("lua_module_hook: when-empty", "lua_module_hook: consul-token");
  // The machine is another one of the program.
  expect(fileOf(gw, CONFIG)).toBe(hooked.replaceAll("10.0.0.12", "10.0.0.14"));
  const hook = fileOf(gw, "/etc/vipstack/gateway/front/consul-token.lua");
  expect(hook).toContain('"/gateway/secrets/consul-token"');
  expect(fileOf(gw, RUN)).toContain("give /etc/vipstack/secrets/consul-tokens/gateway-front consul-token\n");
});

test.each<[string, ((stack: TerraformStack) => GatewayOptions) | undefined]>([
  ["as they come", undefined],
  ["with everything", everything],
  ["with the Admin API", admin],
])("a shell reads both scripts, and no public key is in the configuration: %s", (_, options) => {
  const { gw } = secured(options, options !== admin);
  for (const path of [RUN, START]) execFileSync("sh", ["-n"], { input: fileOf(gw, path) });
  // The admin and viewer keys and the keyring that APISIX was published with.
  const known = /edd1c9f034335f136f87ad84b625c8f1|4054f7cf07e344346cd3f287985e76a2|qeddd145sfvddff3|edd1c9f0985e76a2/;
  expect(fileOf(gw, CONFIG)).not.toMatch(known);
});

test("secrets of the container are no variables of docker's, so that docker inspect shows none", () => {
  const { gw } = secured(everything);
  expect(fileOf(gw, RUN)).not.toMatch(/--env/);
  expect(fileOf(gw, RUN)).toContain('give "/etc/vipstack/secrets/gateway/front/$secret" "$secret"');
  expect(fileOf(gatewayModel(everything), RUN)).toMatch(/--env ALICE_KEY --env BOB_KEY/);
});

test("the script in the container gives its secrets to APISIX as they are", () => {
  const { gw } = secured(everything);
  const taken = /^for secret in [^]*?^done$/m.exec(fileOf(gw, START))?.[0] ?? "";
  const values = { ALICE_KEY: "a 'b\" $(id) `id` \\n\n\n", BOB_KEY: "€" };
  const secrets = mkdtempSync(join(folder, "secrets-"));
  for (const [name, value] of Object.entries(values)) writeFileSync(join(secrets, name), value);
  writeFileSync(join(secrets, "consul-token"), "not for the environment");
  const script = `set -eu\n${taken.replace("/gateway/secrets", secrets)}\nexec env -0`;
  const environment = execFileSync("sh", ["-c", script], { env: { PATH: process.env.PATH }, encoding: "utf8" });
  const made = environment.split("\0").filter((line) => !/^(PATH|PWD|OLDPWD|_|)=|^$/.test(line));
  expect(made.sort()).toEqual(Object.entries(values).map(([name, value]) => `${name}=${value}`));
});

test("its tokens are files for root only, and in nothing else that its machine gets", () => {
  const { gw } = secured();
  const own = gw.secrets.filter(({ path }) => /gateway|turn|front/.test(path));
  expect(own.map(({ path, mode, units }) => ({ path, mode, units }))).toEqual(
    [
      [`${TOKENS}/gateway-front`, UNIT],
      [`${TOKENS}/turn-front`, UNIT],
      ["/etc/vipstack/secrets/consul-template/gateway-front.hcl", "vipstack-gateway-front-routes.service"],
      ["/etc/vipstack/secrets/consul/service-front-9080.json", "consul.service"],
      [`${TOKENS}/service-front-9080`, "consul.service"],
    ]
      .map(([path, unit]) => ({ path, mode: "0600", units: [unit] }))
      .sort(
        (a, b) =>
          gw.secrets.findIndex(({ path }) => path === a.path) - gw.secrets.findIndex(({ path }) => path === b.path),
      ),
  );
  expect(renderCloudConfig(gw)).not.toMatch(/\$\{var|TfToken/);
});

test("only its own machine may ask how it is", () => {
  expect(secured().gw.liveFiles.find(({ path }) => path === FIREWALL)?.content).toContain(ONLY_STATUS);
});

describe("clients", () => {
  const openings = (gw: CloudInit): string[] =>
    fileOf(gw, FIREWALL)
      .split("\n")
      .filter((line) => /--dports (?!7085|8301)/.test(line))
      .map((line) => line.replace("-A VIPSTACK-FIREWALL ", "").replace(/ -m tcp --syn -m multiport/, ""));

  test("limit its ports for clients to themselves and the cluster", () => {
    const streams = { streamPorts: { tcp: [9100], udp: [53] } };
    const { gw } = secured(() => ({ ...streams, clients: ["10.8.0.0/16", "fd00:8::/32"] }));
    const tcp = "-p tcp --dports 9080,9100,9443";
    const peers = ["10.0.0.11/32", "10.0.0.12/32", "10.0.0.13/32", "10.0.0.14/32", "10.8.0.0/16"];
    expect(openings(gw)).toEqual([
      ...peers.map((peer) => `-s ${peer} ${tcp} -j RETURN`),
      `${tcp} -j DROP`,
      ...peers.map((peer) => `-s ${peer} -p udp -m multiport --dports 53 -j RETURN`),
      "-p udp -m multiport --dports 53 -j DROP",
    ]);
    expect(fileOf(gw, "/etc/vipstack/iptables.d/firewall.v6")).toContain("-s fd00:8::/32 -p tcp ");
    expect(openings(secured(() => streams).gw)).toEqual([]);
  });

  test("let directors in front through that take the client's place", () => {
    const { gw } = secured(
      () => ({ clients: [] }),
      false,
      ({ stack, gw, lb }) => {
        new Director(stack, "director", { machine: lb }).addVirtualService("web", {
          address: "10.0.0.100",
          port: 443,
          realServers: [{ machine: gw, port: 9443 }],
        });
      },
    );
    expect(openings(gw).filter((line) => line.includes("-s 10.0.0.15/32"))).toHaveLength(1);
  });

  test.each<[Partial<MachineGatewayProps>, string]>([
    [
      { clients: ["office"] },
      `machines/front: 'clients' must hold addresses and networks, got "office": write them like '10.0.0.7' or '10.0.0.0/24'`,
    ],
    [
      { clients: [], streamPorts: { udp: [40000] } },
      "machines/front: 'streamPorts.udp' must be below 32768 with 'clients', as answers to the machine's own questions come to those above, got 40000: choose another port, or leave 'clients' out",
    ],
  ])("can't be %j", (options, message) => {
    expect(() => secured(() => options, false)).toThrow(message);
  });

  test("need the profile", () => {
    expect(() => gatewayModel(() => ({ clients: ["10.8.0.0/16"] }) as GatewayOptions)).toThrow(
      "'clients' can't be given without AgentProfile.PRODUCTION",
    );
  });
});

test("the policy of each of its tokens, and that of the stack with its routes", () => {
  const { policies } = secured();
  const names = ["gateway-front-gw", "service-front-9080-gw", "terraform-platform", "turn-front-gw"];
  expectGolden(
    "gateway.production.policies.hcl",
    asText(Object.fromEntries(names.map((name) => [name, policies[name] ?? ""]))),
  );
  // Its routes are etcd's.
  expect(secured(admin, false).policies["gateway-front-gw"]).not.toContain("key_prefix");
});

test("a gateway on Nomad has a token of its own, which the servers give its one task as a variable", () => {
  const app = new App({ outdir: join(folder, String((programs += 1))) });
  const stack = new TerraformStack(app, "machines");
  const [s1, s2, s3, web] = machinesOf(stack, ["s1", "s2", "s3", "web"]) as [Machine, Machine, Machine, Machine];
  const profile = AgentProfile.PRODUCTION;
  const consul = new ConsulServer(stack, "consul", { machine: s1, profile });
  consul.addServers([s2, s3]);
  const nomad = new NomadServer(stack, "nomad", { machine: s1, consul, profile });
  nomad.addServers([s2, s3]);
  nomad.addClients([web], { docker: true });
  const gateway = new Gateway(stack, "front", { nomad, secrets: { ALICE_KEY: variable(stack, "alice") } });
  const [consulAccess, nomadAccess] = ["consul-access", "nomad-access"].map(
    (name) =>
      JSON.parse(s1.model.secrets.find(({ path }) => path.endsWith(`/${name}/access.json`))?.content ?? "{}") as {
        policies?: Record<string, string>;
        variables?: Record<string, Record<string, string>>;
      },
  );
  expect(consulAccess?.policies?.["gateway-front"]).toBe(
    'service_prefix "" {\n  policy = "read"\n}\nnode_prefix "" {\n  policy = "read"\n}\n',
  );
  // Its routes are rendered by the client, with the client's token.
  expect(consulAccess?.policies?.["nomad-web"]).toContain('key_prefix "apisix/front/routes"');
  expect(Object.keys(nomadAccess?.variables ?? {})).toEqual(["nomad/jobs/front/gateway/apisix"]);
  const job = gateway.node.findChild("Default");
  if (!Job.isJob(job)) throw new Error("a gateway has a job");
  const task = job.toApiJob().TaskGroups[0]?.Tasks[0];
  const texts = new Map(task?.Templates?.map(({ DestPath, EmbeddedTmpl }) => [DestPath, EmbeddedTmpl]));
  expect(texts.get("secrets/consul-token")).toBe(
    '{{ with nomadVar "nomad/jobs/front/gateway/apisix" }}{{ .token }}{{ end }}',
  );
  // Files as well, since the environment of a container is in what Docker tells.
  expect(texts.get("secrets/ALICE_KEY")).toBe('{{ with nomadVar "nomad/jobs/front" }}{{ .ALICE_KEY.Value }}{{ end }}');
  expect(task?.Templates?.some(({ Envvars }) => Envvars)).toBe(false);
  expect(task?.Templates?.filter(({ DestPath }) => DestPath.startsWith("secrets/"))).toEqual(
    ["ALICE_KEY", "consul-token"].map(
      (name) => expect.objectContaining({ DestPath: `secrets/${name}`, Perms: "0440", Gid: 636 }) as unknown,
    ),
  );
  expect(task?.User).toBe("636:636");
  expect(texts.get("local/start")).toContain("for secret in /secrets/[A-Z]*; do");
  expect(task?.Config).toMatchObject({ cap_drop: ["all"], security_opt: ["no-new-privileges"], pids_limit: 256 });
  expect(texts.get("local/consul-token.lua")).toContain('"/secrets/consul-token"');
  expect(texts.get("local/config.yaml")).toContain("lua_module_hook: consul-token\n");
  const firewall = (): string => fileOf(web.model, FIREWALL);
  expect(firewall()).toContain(ONLY_STATUS);
  expect(firewall()).not.toContain("9080");
  new Gateway(stack, "back", {
    nomad,
    portClients: ["10.8.0.0/16"],
    ...{ httpPort: 9081, httpsPort: 9444, statusPort: 7086, controlPort: 9190 },
    pluginAttributes: { prometheus: { exportAddr: { ip: "127.0.0.1", port: 9191 } } },
  });
  throwPostponed(stack);
  expect(firewall()).toContain("-s 10.8.0.0/16 -p tcp -m tcp --syn -m multiport --dports 9081,9444 -j RETURN\n");
});

describeWithPrograms("what a real Consul lets its tokens do", ["consul"], () => {
  const tokens = {
    "gateway-front-gw": randomUUID(),
    "turn-front-gw": randomUUID(),
    "terraform-platform": randomUUID(),
  };
  type Name = keyof typeof tokens;
  const management = randomUUID();
  let address = "";
  let server: ReturnType<typeof spawn> | undefined;

  beforeAll(async () => {
    const [http, rpc, lan, wan] = await freePorts(4);
    address = `http://127.0.0.1:${http}`;
    const gossip = randomBytes(32).toString("base64");
    const configuration = [
      `ports { http = ${http} server = ${rpc} serf_lan = ${lan} serf_wan = ${wan} dns = -1 grpc = -1 grpc_tls = -1 }`,
      `encrypt = "${gossip}"`,
      `acl { enabled = true default_policy = "deny" tokens { initial_management = "${management}" } }`,
    ].join("\n");
    const words = ["-server", "-bootstrap-expect", "1", "-bind", "127.0.0.1", "-node", "gw"];
    server = spawn(
      programFile("consul"),
      ["agent", ...words, "-data-dir", join(folder, "data"), "-hcl", configuration],
      { stdio: "ignore" },
    );
    const { policies } = secured();
    const names = Object.keys(tokens) as Name[];
    const access = {
      management,
      gossip,
      policies: Object.fromEntries(names.map((name) => [name, policies[name]])),
      tokens: Object.fromEntries(
        names.map((name) => [randomUUID(), { secret: tokens[name], description: name, policies: [name] }]),
      ),
    };
    writeFileSync(join(folder, "access.json"), JSON.stringify(access));
    const constructs = join(__dirname, "..", "..", "constructs");
    // On a machine both are in one folder.
    for (const name of ["consul/programs/consul-access.py", "agents/programs/agent_access.py"])
      copyFileSync(join(constructs, name), join(folder, basename(name)));
    const program = join(folder, "consul-access.py");
    execFileSync("python3", [program, join(folder, "access.json"), join(folder, "state"), "--address", address]);
    for (const key of ["apisix/front/routes/hello", "apisix/front-2/routes/hello", "web/word"])
      if (consul(management, "kv", "put", key, "{}") !== 0) throw new Error(`can't write ${key}`);
  }, 90_000);

  afterAll(async () => {
    const agent = server;
    if (agent !== undefined) await new Promise((end) => agent.once("exit", end).kill("SIGKILL"));
  });

  /** @returns its exit code */
  function consul(token: string, ...words: string[]): number | null {
    const env = { PATH: process.env.PATH, CONSUL_HTTP_ADDR: address, CONSUL_HTTP_TOKEN: token };
    return spawnSync(programFile("consul"), words, { env, timeout: 30_000 }).status;
  }

  test.each<[string, Name, string, number]>([
    ["the gateway: its own folder", "gateway-front-gw", "kv get apisix/front/routes/hello", 0],
    ["the gateway: no other gateway's folder", "gateway-front-gw", "kv get apisix/front-2/routes/hello", 1],
    ["the gateway: no other key", "gateway-front-gw", "kv get web/word", 1],
    ["the gateway: doesn't write its own", "gateway-front-gw", "kv put apisix/front/routes/hello x", 1],
    ["the gateway: finds services", "gateway-front-gw", "catalog nodes -service=consul", 0],
    ["the gateway: registers none, its own neither", "gateway-front-gw", "services register -name=front -port=1", 1],
    ["the gateway: no lock", "gateway-front-gw", "lock -timeout=2s vipstack/gateway/front true", 1],
    ["its turn: the lock", "turn-front-gw", "lock -child-exit-code -timeout=20s vipstack/gateway/front true", 0],
    ["its turn: no other lock", "turn-front-gw", "lock -timeout=2s vipstack/gateway/other true", 1],
    ["its turn: no route", "turn-front-gw", "kv get apisix/front/routes/hello", 1],
    ["Terraform: a key in the gateway's folder", "terraform-platform", "kv put apisix/front/routes/new {}", 0],
    ["Terraform: one that left the program", "terraform-platform", "kv delete apisix/front/routes/new", 0],
    ["Terraform: no key of another gateway", "terraform-platform", "kv put apisix/front-2/routes/new {}", 1],
  ])("%s", (_, name, words, exitCode) => {
    expect(consul(tokens[name], ...words.split(" "))).toBe(exitCode);
  });
});
