import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { completeSecrets, daysLeft, readSecrets, writeSecrets } from "../../../cli/secrets/store";
import { endingSoon } from "../../../cli/secrets/supply";
import { SecretDescription, SecretEncoding } from "../../../constructs/secrets";

const KEY: SecretDescription = {
  variable: "key",
  recipe: { kind: "random", bytes: 32, encoding: SecretEncoding.BASE64 },
};
const CA: SecretDescription = { variable: "ca", recipe: { kind: "authority", commonName: "ca", days: 3650 } };
const certificate = (...ipAddresses: string[]): SecretDescription => ({
  variable: "agent",
  recipe: { kind: "certificate", authority: "ca", commonName: "agent", dnsNames: [], ipAddresses, days: 365 },
});

const folder = mkdtempSync(join(tmpdir(), "vipstack-secrets-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("what is missing is made, once; a certificate after its authority, in whatever order they are asked for", () => {
  const made = completeSecrets([certificate("10.0.0.5"), KEY, CA], {});
  expect(Object.keys(made).sort()).toEqual(["agent", "ca", "key"]);
  expect(new X509Certificate(made.agent!.value).verify(new X509Certificate(made.ca!.value).publicKey)).toBe(true);
  const again = completeSecrets([certificate("10.0.0.5"), KEY, CA], made);
  for (const name of ["agent", "ca", "key"]) expect(again[name]).toBe(made[name]);
});

test("another address makes this certificate anew, and nothing else", () => {
  const before = completeSecrets([CA, KEY, certificate("10.0.0.5")], {});
  const after = completeSecrets([CA, KEY, certificate("10.0.0.6")], before);
  expect(after.ca).toBe(before.ca);
  expect(after.key).toBe(before.key);
  expect(new X509Certificate(after.agent!.value).checkIP("10.0.0.6")).toBe("10.0.0.6");
});

test("another authority makes what it signs anew", () => {
  const before = completeSecrets([CA, KEY, certificate("10.0.0.5")], {});
  const { key, agent } = before;
  const after = completeSecrets([CA, KEY, certificate("10.0.0.5")], { key: key!, agent: agent! });
  expect(after.key).toBe(before.key);
  expect(new X509Certificate(after.agent!.value).verify(new X509Certificate(after.ca!.value).publicKey)).toBe(true);
});

test("what the program no longer names is left out", () => {
  expect(Object.keys(completeSecrets([KEY], completeSecrets([KEY, CA], {})))).toEqual(["key"]);
});

test("the file is its owner's alone, and says the same again", () => {
  const made = completeSecrets([CA, KEY], {});
  writeSecrets(folder, made);
  expect(statSync(join(folder, "secrets.json")).mode & 0o777).toBe(0o600);
  expect(readSecrets(folder)).toEqual(made);
});

test("a file that can't be read is an error, and nothing is made in its place", () => {
  writeFileSync(join(folder, "secrets.json"), "{");
  expect(() => readSecrets(folder)).toThrow(/^.*\/secrets\.json can't be read: /);
});

test("a certificate that ends within 30 days is a warning", () => {
  const made = completeSecrets([CA, KEY, certificate("10.0.0.5")], {});
  const day = 86_400_000;
  expect(daysLeft(made.key!)).toBeUndefined();
  expect(endingSoon(made)).toEqual([]);
  expect(endingSoon(made, undefined, Date.now() + 333 * day)).toEqual([]);
  expect(endingSoon(made, undefined, Date.now() + 336 * day)).toEqual([
    "certificate agent ends in 28 days: npx vipstack secrets rotate agent, then npm run up",
  ]);
  expect(endingSoon(made, undefined, Date.now() + 364.6 * day)).toEqual([
    "certificate agent ends in 9 hours: npx vipstack secrets rotate agent, then npm run up",
  ]);
  expect(endingSoon(made, undefined, Date.now() + 366.01 * day)).toEqual([
    "certificate agent ended 24 hours ago: npx vipstack secrets rotate agent, then npm run up",
  ]);
  expect(endingSoon(made, undefined, Date.now() + 368 * day)).toEqual([
    "certificate agent ended 3 days ago: npx vipstack secrets rotate agent, then npm run up",
  ]);
  expect(endingSoon(made, "production", Date.now() + 368 * day)).toEqual([
    "certificate agent ended 3 days ago: npx vipstack secrets rotate agent --example production, then npm run up -- production",
  ]);
});
