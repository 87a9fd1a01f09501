import { Token } from "cdktf";
import * as ipaddr from "ipaddr.js";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { isVersion, versionAtLeast } from "../private/version";
import {
  AdminOptions,
  ADMIN_KEY,
  allSecrets,
  DATA_ENCRYPTION_KEY,
  GatewayOptions,
  GatewaySettings,
  versionOf,
} from "./gateway-options";

import { leavesOf } from "./document-text";
import { metricsAddress, PluginAttributes, pluginAttributeFailures } from "./plugin-attributes";
import { isKnownPlugin } from "./plugins/known-plugins";

const OLDEST = "3.16.0";

/** Errors in the options of a gateway. */
export function checkGateway(
  validation: Validation,
  options: GatewayOptions,
  settings: GatewaySettings,
  plugins: readonly string[],
): void {
  const { name, version, trustedAddresses } = settings;
  validation.require(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name), {
    property: "name",
    rule: "must be a DNS label: lower-case letters, digits and hyphens, at most 63",
    got: name,
    cure: "choose a name like 'gateway'",
  });
  validation.require(isVersion(version) && versionAtLeast(version, OLDEST), {
    property: "version",
    rule: `must be ${OLDEST} or newer: workers of older ones may disagree on who is healthy in Consul`,
    got: version,
    cure: "leave it out for 3.18.0",
  });
  const tagged = versionOf(options.image);
  validation.require(tagged === undefined || tagged === version, {
    property: "version",
    rule: `must be that of the image, ${options.image ?? ""}, which is what runs`,
    got: version,
    cure: "leave it out",
  });
  validation.integer("workers", settings.workers, 1, 64, "1 is enough for a lab, else one a core");
  validation.integer("memory", settings.memory, 128, 65536, "in MiB: 256 for one worker, 30 for each further one");
  checkPorts(validation, settings);
  for (const address of trustedAddresses) {
    validation.require(ipaddr.isValid(address) || ipaddr.isValidCIDR(address), {
      property: "trustedAddresses",
      rule: "must hold IP addresses or networks in CIDR form",
      got: address,
      cure: "write it like '10.0.0.7' or '10.0.0.0/24'",
    });
  }
  for (const plugin of options.plugins ?? []) {
    validation.require(isKnownPlugin(plugin, version), {
      property: "plugins",
      rule: `must hold plugins that APISIX ${version} has`,
      got: plugin,
      cure: "see https://apisix.apache.org/docs/apisix/plugins/ for how they are spelled",
    });
  }
  checkSecrets(validation, options);
  checkPluginAttributes(validation, options.pluginAttributes ?? {}, plugins, settings);
  if (options.admin !== undefined) checkAdmin(validation, options.admin);
}

function checkPorts(validation: Validation, settings: GatewaySettings): void {
  const { httpPort, httpsPort, statusPort, streamPorts, admin } = settings;
  const metrics = metricsAddress(settings.pluginAttributes);
  const named: [string, number][] = [
    ["httpPort", httpPort],
    ["httpsPort", httpsPort],
    ["statusPort", statusPort],
    ...streamPorts.tcp.map((port): [string, number] => ["streamPorts.tcp", port]),
    ...(admin === undefined ? [] : [["admin.port", admin.port] satisfies [string, number]]),
  ];
  const owner = new Map<number, string>([[9090, "APISIX's control API"]]);
  if (metrics !== undefined) {
    validation.require(metrics.port !== 9090, {
      property: "pluginAttributes.prometheus.exportAddr.port",
      rule: "can't be the port of APISIX's control API, too",
      got: metrics.port,
      cure: "choose a port of its own",
    });
    owner.set(metrics.port, "APISIX's metrics");
  }
  for (const [property, port] of named) {
    validation.integer(property, port, 1, 65535, "choose a port of its own");
    const first = owner.get(port);
    validation.require(first === undefined, {
      property,
      rule: `can't be the port of ${first ?? ""}, too`,
      got: port,
      cure: "choose a port of its own",
    });
    owner.set(port, `'${property}'`);
  }
  for (const port of streamPorts.udp) validation.integer("streamPorts.udp", port, 1, 65535, "choose a UDP port");
}

function checkPluginAttributes(
  validation: Validation,
  attributes: PluginAttributes,
  plugins: readonly string[],
  { secretNames }: GatewaySettings,
): void {
  const unknown = leavesOf(attributes, "pluginAttributes").filter(({ value }) => Token.isUnresolved(value));
  for (const { at } of unknown) {
    validation.add({
      property: at,
      rule: "must be known at synth, and this is a reference that Terraform resolves later",
      cure: "add it to the gateway's 'secrets', and write '${{NAME}}' here",
    });
  }
  if (unknown.length === 0) validation.add(...pluginAttributeFailures(attributes, plugins, secretNames));
}

function checkSecrets(validation: Validation, options: GatewayOptions): void {
  const { admin, secrets = {} } = options;
  for (const name of Object.keys(secrets)) {
    validation.require(
      /^[A-Z][A-Z0-9_]{0,62}$/.test(name) && ![ADMIN_KEY, DATA_ENCRYPTION_KEY, "PATH"].includes(name),
      {
        property: "secrets",
        rule: "must have names of upper-case letters, digits and '_', and none that is taken",
        got: name,
        cure: "choose a name like 'ALICE_KEY'",
      },
    );
  }
  for (const [name, value] of Object.entries(allSecrets({ admin, secrets }))) {
    if (!Token.isUnresolved(value)) validation.add(plainSecret(name));
  }
}

function plainSecret(name: string): Failure {
  const property =
    name === ADMIN_KEY ? "admin.key" : name === DATA_ENCRYPTION_KEY ? "admin.dataEncryptionKey" : `secrets.${name}`;
  return {
    property,
    rule: "must be a reference to a sensitive Terraform variable, or every reader of the synthesized JSON has it",
    cure: 'new TerraformVariable(stack, "key", { sensitive: true }).stringValue, and TF_VAR_key at the deployment',
  };
}

function checkAdmin(validation: Validation, { etcd, prefix = "/apisix" }: AdminOptions): void {
  validation.require(etcd.length > 0, {
    property: "admin.etcd",
    rule: "must hold at least one address",
    cure: 'for example ["http://10.0.0.5:2379"]',
  });
  for (const address of etcd) {
    validation.require(/^https?:\/\/[^/]+$/.test(address), {
      property: "admin.etcd",
      rule: "must hold URLs without a path",
      got: address,
      cure: "write it like 'http://10.0.0.5:2379'",
    });
  }
  validation.require(/^\/[\w/-]*\w$/.test(prefix), {
    property: "admin.prefix",
    rule: "must be a path that starts with '/' and doesn't end with it",
    got: prefix,
    cure: "leave it out for '/apisix'",
  });
}
