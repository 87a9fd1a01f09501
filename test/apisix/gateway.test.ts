import { execFileSync } from "node:child_process";
import { TerraformStack } from "cdktf";
import { parse } from "yaml";
import {
  ConsulServer,
  DEFAULT_PLUGINS,
  EmptyPolicy,
  GatewayOptions,
  GatewayProps,
  Machine,
  MachineGateway,
} from "../../constructs";
import { escaped, NOT_IN_YAML, oneLine } from "../../constructs/apisix/document-text";
import { renderDocumentTemplate } from "../../constructs/apisix/gateway-document-text";
import { expectGolden } from "../support/golden";
import { fileOf, gatewayModel, onMachines, onNomad, unitOf, variable } from "./support/gateways";

const CONFIG = "/etc/vipstack/gateway/front/config.yaml";
const START = "/etc/vipstack/gateway/front/start";
const RUN = "/usr/local/lib/vipstack/gateway-front";
const ROUTES = "/etc/vipstack/gateway-front.hcl";

/** Everything but the Admin API. */
function everything(stack: TerraformStack): GatewayOptions {
  return {
    version: "3.17.0",
    httpPort: 80,
    httpsPort: 443,
    statusPort: 7086,
    streamPorts: { tcp: [5432, 6379], udp: [53] },
    workers: 4,
    memory: 512,
    accessLog: false,
    trustedAddresses: ["10.0.0.7", "10.1.0.0/16", "fd00::/8"],
    plugins: ["response-rewrite", "mqtt-proxy", "cors", "zipkin"],
    pluginAttributes: {
      redirect: { httpsPort: 8443 },
      prometheus: { exportUri: "/metrics", exportAddr: { ip: "0.0.0.0", port: 9100 }, defaultBuckets: [10, 100] },
      other: { zipkin: { set_ngx_var: true, note: "${{BOB_KEY}} [[ \u009b", lists: [[1], ["[["]] } },
    },
    secrets: { BOB_KEY: variable(stack, "bob"), ALICE_KEY: variable(stack, "alice") },
  };
}

function admin(stack: TerraformStack): GatewayOptions {
  return {
    admin: {
      etcd: ["http://10.0.0.5:2379", "https://etcd.example:2379"],
      key: variable(stack, "admin-key"),
      dataEncryptionKey: variable(stack, "encryption-key"),
      port: 9181,
      prefix: "/apisix/lab",
    },
  };
}

type Config = Record<string, Record<string, unknown>>;

function configOf(options?: (stack: TerraformStack) => GatewayOptions): Config {
  return parse(fileOf(gatewayModel(options), CONFIG)) as Config;
}

describe("config.yaml", () => {
  test("by default", () => {
    expectGolden("gateway.config.yaml", fileOf(gatewayModel(), CONFIG));
    const config = configOf();
    expect(config.deployment).toEqual({ role: "data_plane", role_data_plane: { config_provider: "yaml" } });
    expect(config.apisix).toMatchObject({
      node_listen: [9080],
      ssl: { enable: true, listen: [{ port: 9443 }] },
      status: { ip: "10.0.0.12", port: 7085 },
      control: { ip: "127.0.0.1", port: 9090 },
      data_encryption: { enable_encrypt_fields: false, keyring: null },
    });
    for (const left of ["proxy_mode", "stream_proxy", "trusted_addresses"])
      expect(config.apisix).not.toHaveProperty(left);
    expect(config.nginx_config).toEqual({
      worker_processes: 1,
      worker_shutdown_timeout: "30s",
      http: { enable_access_log: true },
    });
    expect(config.discovery?.consul).toMatchObject({
      servers: ["http://127.0.0.1:8500"],
      skip_services: ["consul", "nomad", "nomad-client", "front"],
      dump: { path: "/gateway/dump/consul.json", load_on_init: true, expire: 2592000 },
    });
    expect(config.plugins).toEqual([...DEFAULT_PLUGINS].sort());
    expect(config.plugin_attr).toEqual({ redirect: { https_port: 443 } });
    expect(config.stream_plugins).toEqual(["ip-restriction", "prometheus", "traffic-split"]);
  });

  test("with everything", () => {
    expectGolden("gateway.config.everything.yaml", fileOf(gatewayModel(everything), CONFIG));
    const config = configOf(everything);
    expect(config.apisix).toMatchObject({
      node_listen: [80],
      ssl: { listen: [{ port: 443 }] },
      proxy_mode: "http&stream",
      stream_proxy: { tcp: [5432, 6379], udp: [53] },
      status: { port: 7086 },
      trusted_addresses: ["10.0.0.7", "10.1.0.0/16", "fd00::/8"],
    });
    expect(config.nginx_config).toEqual({
      worker_processes: 4,
      worker_shutdown_timeout: "30s",
      envs: ["ALICE_KEY", "BOB_KEY"],
      http: {
        enable_access_log: false,
        real_ip_header: "X-Forwarded-For",
        real_ip_recursive: "on",
        real_ip_from: ["127.0.0.1", "unix:", "10.0.0.7", "10.1.0.0/16", "fd00::/8"],
      },
    });
    expect(config.plugin_attr).toEqual({
      redirect: { https_port: 8443 },
      prometheus: { export_uri: "/metrics", export_addr: { ip: "0.0.0.0", port: 9100 }, default_buckets: [10, 100] },
      zipkin: { set_ngx_var: true, note: "${{BOB_KEY}} [[ \u009b", lists: [[1], ["[["]] },
    });
    expect(config.plugins).toContain("response-rewrite");
    expect(config.plugins).not.toContain("mqtt-proxy");
    expect(config.stream_plugins).toContain("mqtt-proxy");
  });

  test("with the Admin API, whose keys are in its environment only", () => {
    expectGolden("gateway.config.admin.yaml", fileOf(gatewayModel(admin), CONFIG));
    const config = configOf(admin);
    expect(config.deployment).toEqual({
      role: "traditional",
      role_traditional: { config_provider: "etcd" },
      etcd: { host: ["http://10.0.0.5:2379", "https://etcd.example:2379"], prefix: "/apisix/lab" },
      admin: {
        admin_listen: { ip: "127.0.0.1", port: 9181 },
        allow_admin: ["127.0.0.0/8"],
        enable_admin_ui: false,
        admin_key: [{ name: "admin", key: "${{APISIX_ADMIN_KEY}}", role: "admin" }],
      },
    });
    expect(config.apisix?.data_encryption).toEqual({
      enable_encrypt_fields: true,
      keyring: ["${{APISIX_DATA_ENCRYPTION_KEY}}"],
    });
    expect(config.nginx_config?.envs).toEqual(["APISIX_ADMIN_KEY", "APISIX_DATA_ENCRYPTION_KEY"]);
  });

  test("what happens without a healthy instance is a hook of APISIX beside it, on machines and on Nomad", () => {
    const { apisix } = configOf();
    expect(apisix).toMatchObject({ extra_lua_path: "/gateway/config/?.lua", lua_module_hook: "when-empty" });
    const hook = fileOf(gatewayModel(), "/etc/vipstack/gateway/front/when-empty.lua");
    expect(hook).toContain("local GRACE_SECONDS = 30\n");
    expect(EmptyPolicy.refuse().graceSeconds).toBe(30);
    const job = onNomad().file("jobs/front.nomad.hcl");
    expect(job).toContain('extra_lua_path: "/local/?.lua"');
    expect(job).toContain('destination = "local/when-empty.lua"');
  });

  test.each<[string, number]>([
    ["1.14.11", 60],
    ["1.22.2", 60],
    ["1.22.3", 25],
    ["1.22.4+ent", 25],
    ["1.22.5", 60],
    ["2.0.0", 60],
  ])("questions to a Consul %s stay open for %d s, which it lets them", (version, wait) => {
    const site = onMachines(
      ({ stack, consul, gw }) => new MachineGateway(stack, "front", { machines: [gw], consul }),
      version,
    );
    const config = parse(fileOf(site.gw.model, CONFIG)) as Config;
    expect(config.discovery?.consul).toMatchObject({ timeout: { read: 5000, wait } });
  });

  test("to a Consul of which nothing is known, for 25 s", () => {
    const site = onMachines(({ stack, gw }) => {
      const others = { address: "http://10.0.0.5:8500", retryJoin: ["10.0.0.5"] };
      const consul = ConsulServer.fromConsulServerAttributes(stack, "others", others);
      new MachineGateway(stack, "front", { machines: [gw], consul });
    });
    expect(parse(fileOf(site.gw.model, CONFIG))).toMatchObject({ discovery: { consul: { timeout: { wait: 25 } } } });
  });

  test("UDP alone is a stream, too", () => {
    const { apisix } = configOf(() => ({ streamPorts: { udp: [53] } }));
    expect(apisix).toMatchObject({ proxy_mode: "http&stream", stream_proxy: { udp: [53] } });
    expect(apisix?.stream_proxy).not.toHaveProperty("tcp");
  });
});

describe("on a machine", () => {
  test("the document's template, which leaves out what is no object, and escapes what YAML can't hold", () => {
    const template = renderDocumentTemplate("apisix/front");
    expectGolden("gateway.document.ctmpl", template);
    expect(fileOf(gatewayModel(), ROUTES)).toContain(template);
    for (const character of NOT_IN_YAML) {
      expect(oneLine({ desc: character })).toBe(`{"desc":"${escaped(character)}"}`);
      expect(template).toContain(`| replaceAll "${escaped(character)}" "\\${escaped(character)}"`);
    }
  });

  test("consul-template writes it, in a unit of its own", () => {
    const model = gatewayModel();
    expectGolden("gateway.routes.hcl", fileOf(model, ROUTES));
    expectGolden("gateway.routes.service", unitOf(model, "vipstack-gateway-front-routes.service"));
  });

  test("the container's unit and its program", () => {
    expectGolden("gateway.service", unitOf(gatewayModel(), "vipstack-gateway-front.service"));
    expectGolden("gateway.run.sh", fileOf(gatewayModel(), RUN));
    expectGolden("gateway.run.everything.sh", fileOf(gatewayModel(everything), RUN));
    expect(
      fileOf(
        gatewayModel(() => ({ image: "registry.example/apisix:1" })),
        RUN,
      ),
    ).toContain("docker pull --quiet registry.example/apisix:1 >/dev/null;");
  });

  test("what the container starts with", () => {
    expectGolden("gateway.start.sh", fileOf(gatewayModel(), START));
    expectGolden("gateway.start.admin.sh", fileOf(gatewayModel(admin), START));
  });

  test.each<[string, ((stack: TerraformStack) => GatewayOptions) | undefined]>([
    ["as they come", undefined],
    ["with everything", everything],
    ["with the Admin API", admin],
  ])("a shell reads both scripts: %s", (_, options) => {
    const model = gatewayModel(options);
    for (const path of [RUN, START]) execFileSync("sh", ["-n"], { input: fileOf(model, path) });
    expect(fileOf(model, RUN)).toMatch(/^#!\/bin\/sh\n/);
  });

  test("a changed setting or secret reloads it, and only secrets are readable by root alone", () => {
    const model = gatewayModel(everything);
    const unit = "vipstack-gateway-front.service";
    expect(Object.fromEntries(model.liveFiles.map(({ path, reloads }) => [path, reloads]))).toMatchObject({
      [CONFIG]: unit,
      [START]: unit,
      [ROUTES]: "vipstack-gateway-front-routes.service",
    });
    expect(model.secrets).toEqual(
      ["BOB_KEY", "ALICE_KEY"].map((name) => ({
        path: `/etc/vipstack/secrets/gateway/front/${name}`,
        content: expect.any(String) as string,
        mode: "0600",
        units: [unit],
      })),
    );
  });

  test("ports below 1024 are for its container's user, too; the Admin API needs no consul-template", () => {
    const ports = (options?: (stack: TerraformStack) => GatewayOptions): string[] =>
      gatewayModel(options)
        .sysctls.filter(({ key }) => key === "net.ipv4.ip_unprivileged_port_start")
        .map(({ value }) => value);
    expect(ports()).toEqual([]);
    expect(ports(everything)).toEqual(["53"]);
    expect(gatewayModel(admin).units.map(({ name }) => name)).not.toContain("vipstack-gateway-front-routes.service");
    expect(gatewayModel(admin).downloads.map(({ path }) => path)).not.toContain("/usr/local/bin/consul-template");
  });

  test("its secrets by name, and what directors follow", () => {
    onMachines(({ stack, consul, gw, gw2 }) => {
      const gateway = new MachineGateway(stack, "front", { machines: [gw, gw2], consul, ...everything(stack) });
      expect(gateway.secret("ALICE_KEY")).toBe("$env://ALICE_KEY");
      expect(gateway.service).toEqual({ name: "front", port: "http", lag: 10, shutdownDelay: 10 });
      expect(gateway).toMatchObject({ documents: "apisix/front", version: "3.17.0", machines: [gw, gw2] });
    });
  });
});

describe("as a Nomad job", () => {
  const nomadEverything = (stack: TerraformStack): Omit<Partial<GatewayProps>, "nomad"> => ({
    ...everything(stack),
    nodePool: "edge",
  });

  test("by default, on every client", () => {
    const result = onNomad();
    expectGolden("jobs.gateway.nomad.hcl", result.file("jobs/front.nomad.hcl"));
    expect(result.json.resource).not.toHaveProperty("nomad_variable");
  });

  test("with everything, on some", () => {
    const result = onNomad((stack, [web1]) => ({ ...nomadEverything(stack), clients: [web1!] }));
    expectGolden("jobs.gateway.everything.nomad.hcl", result.file("jobs/front.nomad.hcl"));
  });

  test("with the Admin API", () => {
    const text = onNomad(admin).file("jobs/front.nomad.hcl");
    expectGolden("jobs.gateway.admin.nomad.hcl", text);
    expect(text).not.toContain("apisix.yaml\n");
  });

  test("a low port is opened to containers on the clients that it is for, and on no other", () => {
    let clients: readonly Machine[] = [];
    onNomad((_, machines) => {
      clients = machines;
      return { httpPort: 80, clients: machines.slice(0, 1) };
    });
    const lowest = clients.map(({ model }) => model.sysctls.find(({ key }) => key.endsWith("unprivileged_port_start")));
    expect(lowest.map((sysctl) => sysctl?.value)).toEqual(["80", undefined]);
  });

  test("its configuration is a template whose own braces are not Nomad's, and valid YAML once rendered", () => {
    const { Job: job } = JSON.parse(onNomad(admin).file("jobs/front.json")) as {
      Job: {
        TaskGroups: { Tasks: { Templates: { DestPath: string; EmbeddedTmpl: string; LeftDelim?: string }[] }[] }[];
      };
    };
    const config = job.TaskGroups[0]?.Tasks[0]?.Templates.find(({ DestPath }) => DestPath === "local/config.yaml");
    expect(config?.LeftDelim).toBe("[[");
    const rendered = config!.EmbeddedTmpl.replace('[[ env "NOMAD_IP_http" ]]', "10.0.0.12");
    expect(rendered).not.toContain("[[");
    expect((parse(rendered) as Config).apisix?.status).toEqual({ ip: "10.0.0.12", port: 7085 });
  });

  test("secrets are the job's own variable, by reference, and it waits for them", () => {
    const { resource } = onNomad(nomadEverything).json as unknown as {
      resource: { nomad_variable: Record<string, object>; nomad_job: Record<string, { depends_on: string[] }> };
    };
    const [[id, variables] = []] = Object.entries(resource.nomad_variable);
    expect(variables).toMatchObject({
      path: "nomad/jobs/front",
      items: { ALICE_KEY: "${var.alice}", BOB_KEY: "${var.bob}" },
    });
    expect(Object.values(resource.nomad_job)[0]?.depends_on).toEqual([`nomad_variable.${id ?? ""}`]);
  });
});
