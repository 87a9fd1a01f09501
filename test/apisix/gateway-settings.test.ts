import { TerraformStack } from "cdktf";
import { GatewayOptions, MachineGateway } from "../../constructs";
import { adminWith, CONFIG, fileOf, gatewayModel, onMachines, onNomad, refusal, variable } from "./support/gateways";

const PLAIN =
  "must be a reference to a sensitive Terraform variable, or every reader of the synthesized JSON has it: " +
  'new TerraformVariable(stack, "key", { sensitive: true }).stringValue, and TF_VAR_key at the deployment';

describe("a gateway is refused with", () => {
  test.each<[string, GatewayOptions | ((stack: TerraformStack) => GatewayOptions), string]>([
    [
      "a name that is no DNS label",
      { name: "Front_1" },
      "'name' must be a DNS label: lower-case letters, digits and hyphens, at most 63, got \"Front_1\": choose a name like 'gateway'",
    ],
    [
      "a release that is too old",
      { version: "3.15.0" },
      "'version' must be 3.16.0 or newer: workers of older ones may disagree on who is healthy in Consul, got \"3.15.0\": leave it out for 3.18.0",
    ],
    [
      "a release that is none",
      { version: "latest" },
      "'version' must be 3.16.0 or newer: workers of older ones may disagree on who is healthy in Consul, got \"latest\": leave it out for 3.18.0",
    ],
    [
      "an image of another release",
      { version: "3.18.0", image: "registry.example:5000/apache/apisix:3.17.0-debian" },
      "'version' must be that of the image, registry.example:5000/apache/apisix:3.17.0-debian, which is what runs, got \"3.18.0\": leave it out",
    ],
    [
      "an image of a release that is too old",
      { image: "apache/apisix:3.15.0-debian" },
      "'version' must be 3.16.0 or newer: workers of older ones may disagree on who is healthy in Consul, got \"3.15.0\": leave it out for 3.18.0",
    ],
    [
      "no worker",
      { workers: 0 },
      "'workers' must be a whole number from 1 to 64, got 0: 1 is enough for a lab, else one a core",
    ],
    [
      "too little memory",
      { memoryMiB: 64 },
      "'memoryMiB' must be a whole number from 128 to 65536, got 64: in MiB: 256 for one worker, 30 for each further one",
    ],
    [
      "a redirect to a port that is none",
      { pluginAttributes: { redirect: { httpsPort: 0 } } },
      "'pluginAttributes.redirect.httpsPort' must be a whole number from 1 to 65535, got 0: 443 is usual",
    ],
    [
      "metrics that are never put together, and a bucket that is no duration",
      { pluginAttributes: { prometheus: { refreshInterval: "0s", defaultBuckets: ["10ms", "100"] } } },
      [
        "2 problems",
        "  - 'pluginAttributes.prometheus.refreshInterval' must be a duration above 0s, got \"0s\": use more than '0s'",
        "  - 'pluginAttributes.prometheus.defaultBuckets' must be a duration, got \"100\": write it like '10s', '1m30s' or '500ms'",
      ].join("\n"),
    ],
    [
      "attributes of a plugin that it does not load",
      { pluginAttributes: { other: { zipkin: { set_ngx_var: true } } } },
      "'pluginAttributes.other' must be of plugins that the gateway loads, or it does nothing, got \"zipkin\": add it to the gateway's 'plugins', or mind the spelling",
    ],
    [
      "attributes beside their own property",
      { pluginAttributes: { other: { redirect: { https_port: 1 } } } },
      "'pluginAttributes.other' can't hold what has a property of its own, got \"redirect\": use pluginAttributes.redirect",
    ],
    [
      "attributes with a variable that it has not",
      { plugins: ["zipkin"], pluginAttributes: { other: { zipkin: { key: "${{ALICE_KEY:=x}}" } } } },
      "'pluginAttributes.other.zipkin.key' must name secrets of the gateway, got \"${{ALICE_KEY:=x}}\": add it to the gateway's 'secrets'",
    ],
    [
      "attributes that only Terraform knows",
      (stack: TerraformStack) => ({
        plugins: ["zipkin"],
        pluginAttributes: { other: { zipkin: { key: variable(stack, "k") } } },
      }),
      "'pluginAttributes.other.zipkin.key' must be known at synth, and this is a reference that Terraform resolves later: add it to the gateway's 'secrets', and write '${{NAME}}' here",
    ],
    [
      "a trusted proxy's name",
      { trustedAddresses: ["10.0.0.0/24", "proxy.example"] },
      "'trustedAddresses' must be IP addresses or subnets, got \"proxy.example\": write it like '192.168.139.184' or '10.0.0.0/8'",
    ],
    [
      "a plugin that APISIX doesn't have",
      { plugins: ["limit-cuont"] },
      "'plugins' must hold plugins that APISIX 3.18.0 has, got \"limit-cuont\": mind the spelling (https://apisix.apache.org/docs/apisix/plugins/); a plugin of your own needs an 'image' that has it",
    ],
    [
      "a plugin of a later release",
      { version: "3.16.0", plugins: ["acl"] },
      "'plugins' must hold plugins that APISIX 3.16.0 has, got \"acl\": give the gateway APISIX 3.17.0 or newer, or leave it out",
    ],
    [
      "a secret's name in small letters",
      (stack) => ({ secrets: { alice: variable(stack, "alice") } }),
      "'secrets' must have names of upper-case letters, digits and '_', and none that is taken, got \"alice\": choose a name like 'ALICE_KEY'",
    ],
    [
      "a secret by the name of the Admin API's own",
      (stack) => ({ secrets: { APISIX_ADMIN_KEY: variable(stack, "alice") } }),
      "'secrets' must have names of upper-case letters, digits and '_', and none that is taken, got \"APISIX_ADMIN_KEY\": choose a name like 'ALICE_KEY'",
    ],
    ["a secret in plain text", { secrets: { ALICE_KEY: "sesame" } }, `'secrets.ALICE_KEY' ${PLAIN}`],
    ["the Admin API's key in plain text", adminWith({ key: "sesame" }), `'admin.key' ${PLAIN}`],
    [
      "the key for etcd's secrets in plain text",
      adminWith({ dataEncryptionKey: "sesame" }),
      `'admin.dataEncryptionKey' ${PLAIN}`,
    ],
    [
      "no etcd",
      adminWith({ etcd: [] }),
      "'admin.etcd' must hold at least one address: for example [\"http://10.0.0.5:2379\"]",
    ],
    [
      "an etcd without a scheme",
      adminWith({ etcd: ["10.0.0.5:2379"] }),
      "'admin.etcd' must hold URLs without a path, got \"10.0.0.5:2379\": write it like 'http://10.0.0.5:2379'",
    ],
    [
      "a prefix with a slash at its end",
      adminWith({ prefix: "/apisix/" }),
      "'admin.prefix' must be a path that starts with '/' and doesn't end with it, got \"/apisix/\": leave it out for '/apisix'",
    ],
  ])("%s", (_, options, words) => {
    const make = typeof options === "function" ? options : (): GatewayOptions => options;
    expect(refusal(() => gatewayModel(make))).toBe(`test/front: ${words}`);
    expect(refusal(() => onNomad(make))).toBe(`test/front: ${words}`);
  });

  test("a plugin of one's own is taken where the image is, too; a release's plugin is still checked", () => {
    const image = "registry.example/apisix:3.17.0-own";
    expect(
      fileOf(
        gatewayModel(() => ({ image, plugins: ["our-audit"] })),
        CONFIG,
      ),
    ).toMatch(/^ *plugins: \[.*"our-audit"/m);
    expect(refusal(() => gatewayModel(() => ({ image, plugins: ["our-audit", "ai-cache"] })))).toBe(
      "test/front: 'plugins' must hold plugins that APISIX 3.17.0 has, got \"ai-cache\": give the gateway APISIX 3.18.0 or newer, or leave it out",
    );
    const mirrored = "registry.example:5000/apache/apisix:3.17.0-debian";
    expect(refusal(() => gatewayModel(() => ({ image: mirrored, plugins: ["our-audit"] })))).toContain(
      "a plugin of your own needs an 'image' that has it",
    );
  });

  test("several faults at once, all of them reported", () => {
    expect(refusal(() => gatewayModel(() => ({ name: "F", workers: 1.5, httpsPort: 9080 })))).toBe(
      [
        "test/front: 3 problems",
        "  - 'name' must be a DNS label: lower-case letters, digits and hyphens, at most 63, got \"F\": choose a name like 'gateway'",
        "  - 'workers' must be a whole number from 1 to 64, got 1.5: 1 is enough for a lab, else one a core",
        "  - 'httpsPort' can't be the port of 'httpPort', too, got 9080: choose a port of its own",
      ].join("\n"),
    );
  });

  test("no machine, no client", () => {
    expect(
      refusal(() => onMachines(({ stack, consul }) => new MachineGateway(stack, "front", { machines: [], consul }))),
    ).toBe("test/front: 'machines' must hold at least one: give the machines on which it runs");
    expect(refusal(() => onNomad(() => ({ clients: [] })))).toBe(
      "test/front: 'clients' must hold at least one: leave it out for all clients",
    );
  });
});
