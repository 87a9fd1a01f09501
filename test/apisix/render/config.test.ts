import { TerraformStack } from "cdktf";
import { parse } from "yaml";
import { ConsulServer, DEFAULT_PLUGINS, EmptyPolicy, GatewayOptions, MachineGateway } from "../../../constructs";
import { expectGolden, expectGoldenDifference } from "../../support/golden";
import { admin, CONFIG, everything, fileOf, gatewayModel, onMachines, onNomad } from "../support/gateways";

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
    expectGoldenDifference(
      "gateway.config.everything.diff",
      "gateway.config.yaml",
      fileOf(gatewayModel(everything), CONFIG),
    );
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
    expectGoldenDifference("gateway.config.admin.diff", "gateway.config.yaml", fileOf(gatewayModel(admin), CONFIG));
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
    expect(EmptyPolicy.refuse().grace).toBe("30s");
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
