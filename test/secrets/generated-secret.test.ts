import { App, DefaultTokenResolver, StringConcat, TerraformStack, Testing, Tokenization } from "cdktf";
import {
  CertificateAuthority,
  GeneratedSecret,
  RandomSecret,
  SecretEncoding,
  SignedCertificate,
} from "../../constructs/secrets";
import { thrownBy } from "../support/thrown";

interface Json {
  readonly variable?: Record<string, object>;
}
const jsonOf = (stack: TerraformStack): Json => JSON.parse(Testing.synth(stack, true)) as Json;
const textOf = (scope: TerraformStack, reference: string): unknown =>
  Tokenization.resolve(reference, {
    scope,
    resolver: new DefaultTokenResolver(new StringConcat()),
    preparing: false,
  });

test("the program has a sensitive variable without a default in place of the value", () => {
  const stack = new TerraformStack(new App(), "web");
  const key = new RandomSecret(stack, "gossip-key");
  expect(key.variable).toBe("web_gossip_key");
  expect(textOf(stack, key.value)).toBe("${var.web_gossip_key}");
  expect(jsonOf(stack).variable).toEqual({ web_gossip_key: { type: "string", sensitive: true, nullable: false } });
});

test("another stack gets a variable of its own, of the same name", () => {
  const app = new App();
  const [one, two] = [new TerraformStack(app, "one"), new TerraformStack(app, "two")];
  const key = new RandomSecret(one, "key");
  expect(textOf(two, key.valueIn(two))).toBe("${var.one_key}");
  expect(Object.keys(jsonOf(two).variable ?? {})).toEqual(["one_key"]);
  expect(jsonOf(one).variable).toBeUndefined();
});

test("how values are made: what `up` is told", () => {
  const stack = new TerraformStack(new App(), "web");
  const authority = new CertificateAuthority(stack, "ca", { commonName: "Consul dc1" });
  new SignedCertificate(stack, "agent", { authority, dnsNames: ["server.dc1.consul"], ipAddresses: ["10.0.0.5"] });
  new RandomSecret(stack, "token", { encoding: SecretEncoding.UUID });
  expect(GeneratedSecret._below(stack)).toEqual([
    { variable: "web_ca", recipe: { kind: "authority", commonName: "Consul dc1", days: 3650 } },
    {
      variable: "web_agent",
      recipe: {
        kind: "certificate",
        authority: "web_ca",
        commonName: "server.dc1.consul",
        dnsNames: ["server.dc1.consul"],
        ipAddresses: ["10.0.0.5"],
        days: 365,
      },
    },
    { variable: "web_token", recipe: { kind: "random", bytes: 16, encoding: "uuid" } },
  ]);
});

test.each<[string, (stack: TerraformStack) => unknown, string]>([
  [
    "too few bytes",
    (stack) => new RandomSecret(stack, "key", { bytes: 8 }),
    "web/key: 'bytes' must be a whole number from 16 to 64, got 8: 32 are usual",
  ],
  [
    "a UUID of other bytes",
    (stack) => new RandomSecret(stack, "key", { bytes: 32, encoding: SecretEncoding.UUID }),
    "web/key: 'bytes' must be a whole number from 16 to 16, got 32: a UUID has 16",
  ],
  [
    "an authority without a name",
    (stack) => new CertificateAuthority(stack, "ca", { commonName: "" }),
    "web/ca: 'commonName' must have 1 to 64 characters, got \"\": choose a name like 'Consul dc1'",
  ],
  [
    "an address with a prefix length",
    (stack) =>
      new SignedCertificate(stack, "agent", {
        authority: new CertificateAuthority(stack, "ca"),
        dnsNames: ["agent"],
        ipAddresses: ["10.0.0.5/24"],
      }),
    "web/agent: 'ipAddresses' must be IPv4 or IPv6 addresses, got \"10.0.0.5/24\": write it like '10.0.0.5', without prefix length",
  ],
  [
    "a name that no DNS has",
    (stack) =>
      new SignedCertificate(stack, "agent", { authority: new CertificateAuthority(stack, "ca"), dnsNames: ["A b"] }),
    "web/agent: 'dnsNames' must be DNS names of lower-case letters, digits and hyphens, got \"A b\": write it like 'server.dc1.consul'",
  ],
  [
    "a certificate without a name or an address",
    (stack) =>
      new SignedCertificate(stack, "agent", { authority: new CertificateAuthority(stack, "ca"), commonName: "agent" }),
    "web/agent: 'dnsNames' must have a name, or 'ipAddresses' an address: programs compare them with what they connect to: for example ['server.dc1.consul']",
  ],
])("%s is refused", (_, build, message) => {
  const stack = new TerraformStack(new App(), "web");
  build(stack);
  expect(String(thrownBy(() => Testing.synth(stack, true)))).toBe(`ValidationError: ${message}`);
});
