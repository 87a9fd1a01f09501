import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { md, pki } from "node-forge";
import { CertificateRecipe, SecretEncoding, SecretRecipe } from "../../constructs/secrets";

/** A value that was made, and what of it no machine gets. */
export interface MadeSecret {
  readonly value: string;
  /** Private key of an authority, as PEM text. */
  readonly authorityKey?: string;
  /** When it ends, in ISO 8601. @default - never */
  readonly ends?: string;
}

/** Clocks of machines differ; a certificate is valid from so long before it is made. */
const BEFORE_MS = 24 * 3600_000;
const DAY_MS = 24 * 3600_000;

/**
 * Makes the value of a secret.
 *
 * @param authority that of a certificate, made before
 */
export function makeSecret(recipe: SecretRecipe, authority?: MadeSecret, now = Date.now()): MadeSecret {
  switch (recipe.kind) {
    case "random":
      return { value: randomText(recipe.bytes, recipe.encoding) };
    case "authority": {
      const keys = keyPair();
      const subject = [{ name: "commonName", value: recipe.commonName }];
      const unsigned = certificateOf(keys.publicKey, subject, recipe.days, now);
      return signed(unsigned, {
        issuer: subject,
        key: keys.privateKey,
        extensions: authorityExtensions(),
        own: keys.privateKey,
      });
    }
    case "certificate": {
      if (authority?.authorityKey === undefined)
        throw new Error(`assumption broken: authority ${recipe.authority} is made before what it signs`);
      return certificate(recipe, authority.value, authority.authorityKey, now);
    }
  }
}

function randomText(bytes: number, encoding: SecretEncoding): string {
  return encoding === SecretEncoding.UUID ? randomUUID() : randomBytes(bytes).toString(encoding);
}

function keyPair(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

/** New ones for each authority: node-forge writes what it computes into them. */
function authorityExtensions(): object[] {
  return [
    { name: "basicConstraints", critical: true, cA: true, pathLenConstraint: 0 },
    { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true },
    { name: "subjectKeyIdentifier" },
  ];
}

function certificate(recipe: CertificateRecipe, authorityText: string, authorityKey: string, now: number): MadeSecret {
  const authority = pki.certificateFromPem(authorityText);
  const keys = keyPair();
  const unsigned = certificateOf(keys.publicKey, [{ name: "commonName", value: recipe.commonName }], recipe.days, now);
  // None outlives the authority: it would not be accepted.
  if (unsigned.validity.notAfter > authority.validity.notAfter)
    unsigned.validity.notAfter = authority.validity.notAfter;
  const altNames = [
    ...recipe.dnsNames.map((value) => ({ type: 2, value })),
    ...recipe.ipAddresses.map((ip) => ({ type: 7, ip })),
  ];
  const extensions = [
    { name: "basicConstraints", critical: true, cA: false },
    { name: "keyUsage", critical: true, digitalSignature: true, keyEncipherment: true },
    { name: "extKeyUsage", serverAuth: true, clientAuth: true },
    { name: "subjectAltName", altNames },
    { name: "subjectKeyIdentifier" },
    { name: "authorityKeyIdentifier", keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes() },
  ];
  const made = signed(unsigned, { issuer: authority.subject.attributes, key: authorityKey, extensions });
  return { ...made, value: made.value + keys.privateKey };
}

function certificateOf(
  publicKey: string,
  subject: readonly pki.CertificateField[],
  days: number,
  now: number,
): pki.Certificate {
  const made = pki.createCertificate();
  made.publicKey = pki.publicKeyFromPem(publicKey);
  // 16 bytes, positive.
  made.serialNumber = `4${randomBytes(16).toString("hex").slice(1)}`;
  made.validity.notBefore = new Date(now - BEFORE_MS);
  made.validity.notAfter = new Date(now + days * DAY_MS);
  made.setSubject([...subject]);
  return made;
}

interface Signing {
  readonly issuer: readonly pki.CertificateField[];
  readonly key: string;
  readonly extensions: object[];
  /** The key of an authority itself. */
  readonly own?: string;
}

function signed(unsigned: pki.Certificate, { issuer, key, extensions, own }: Signing): MadeSecret {
  unsigned.setIssuer([...issuer]);
  unsigned.setExtensions(extensions);
  unsigned.sign(pki.privateKeyFromPem(key), md.sha256.create());
  return {
    value: pki.certificateToPem(unsigned).replace(/\r/g, ""),
    ends: unsigned.validity.notAfter.toISOString(),
    ...(own !== undefined && { authorityKey: own }),
  };
}
