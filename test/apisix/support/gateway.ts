import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { TerraformStack } from "cdktf";
import { Gateway, IGateway, GatewayAttributes } from "../../../constructs";
import { synth } from "../../support/synth";

/** A program of one stack with a gateway that others run. */
export type Build = (stack: TerraformStack, gateway: IGateway) => unknown;

interface ConsulKeysJson {
  readonly key: readonly { readonly path: string; readonly value: string }[];
  readonly depends_on?: readonly string[];
}

/** The stack's `consul_keys`, by their logical id. */
export function resources(build: Build, attributes: Partial<GatewayAttributes> = {}): Record<string, ConsulKeysJson> {
  const { json } = synth((stack) => {
    new ConsulProvider(stack, "consul");
    new NomadProvider(stack, "nomad", { address: "http://127.0.0.1:4646" });
    const secrets = ["JACK_KEY", "JILL_SECRET", "CERTIFICATE", "PRIVATE_KEY", "REDIS_PASSWORD"];
    build(stack, Gateway.fromGatewayAttributes(stack, "gateway", { version: "3.18.0", secrets, ...attributes }));
  });
  return (json as unknown as { resource: { consul_keys: Record<string, ConsulKeysJson> } }).resource.consul_keys;
}

/** Key to value, as Consul gets them, sorted by key. */
export function keys(build: Build, attributes: Partial<GatewayAttributes> = {}): Record<string, string> {
  const entries = Object.values(resources(build, attributes)).flatMap(({ key }) =>
    // What Terraform makes of its own escapes.
    key.map(({ path, value }): [string, string] => [path, value.replaceAll("$${", "${").replaceAll("%%{", "%{")]),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The objects, as APISIX gets them, by `KIND/ID`. */
export function documents(
  build: Build,
  attributes: Partial<GatewayAttributes> = {},
): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(keys(build, attributes)).map(([key, value]) => [
      key.replace(/^apisix\/gateway\//, ""),
      JSON.parse(value) as Record<string, unknown>,
    ]),
  );
}

/** What the program throws, or nothing. */
export function refusalOf(build: Build, attributes: Partial<GatewayAttributes> = {}): string | undefined {
  try {
    resources(build, attributes);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
