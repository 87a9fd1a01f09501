import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { createServer, connect, TLSSocket } from "node:tls";
import { AddressInfo, Socket } from "node:net";
import { makeSecret } from "../../../cli/secrets/maker";
import { CertificateRecipe, SecretEncoding } from "../../../constructs/secrets";

const authorityOf = (commonName: string) => makeSecret({ kind: "authority", commonName, days: 3650 });
const RECIPE: CertificateRecipe = {
  kind: "certificate",
  authority: "ca",
  commonName: "server.dc1.consul",
  dnsNames: ["server.dc1.consul", "localhost"],
  ipAddresses: ["127.0.0.1", "fd00::5"],
  days: 365,
};

test.each([
  [SecretEncoding.BASE64, /^[A-Za-z0-9+/]{43}=$/],
  [SecretEncoding.HEX, /^[0-9a-f]{64}$/],
  [SecretEncoding.UUID, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
])("random bytes as %s, others each time", (encoding, form) => {
  const make = () => makeSecret({ kind: "random", bytes: 32, encoding }).value;
  expect(make()).toMatch(form);
  expect(make()).not.toBe(make());
});

test("an authority signs itself, is for signing only, and its key is apart", () => {
  const { value, authorityKey, ends } = authorityOf("Consul dc1");
  const certificate = new X509Certificate(value);
  expect(certificate.ca).toBe(true);
  expect(certificate.subject).toBe("CN=Consul dc1");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(value).not.toContain("PRIVATE KEY");
  expect(createPublicKey(createPrivateKey(authorityKey ?? "")).equals(certificate.publicKey)).toBe(true);
  expect(new Date(certificate.validTo).toISOString().slice(0, 19)).toBe(ends?.slice(0, 19));
});

test("a certificate has its names and addresses, its own key, and the authority's signature", () => {
  const authority = authorityOf("ca");
  const { value } = makeSecret(RECIPE, authority);
  const certificate = new X509Certificate(value);
  expect(certificate.ca).toBe(false);
  expect(certificate.issuer).toBe("CN=ca");
  expect(certificate.verify(new X509Certificate(authority.value).publicKey)).toBe(true);
  expect(certificate.verify(new X509Certificate(authorityOf("ca").value).publicKey)).toBe(false);
  expect(certificate.checkHost("server.dc1.consul")).toBe("server.dc1.consul");
  expect(certificate.checkHost("client.dc1.consul")).toBeUndefined();
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkIP("127.0.0.2")).toBeUndefined();
  expect(certificate.checkPrivateKey(createPrivateKey(value.slice(value.indexOf("-----BEGIN PRIVATE"))))).toBe(true);
});

test("each of several authorities has the identifier of its own key, so that what it signed is found to be its own", () => {
  for (const authority of [authorityOf("first"), authorityOf("second")]) {
    const [issuer, signed] = [authority, makeSecret(RECIPE, authority)].map(({ value }) => new X509Certificate(value));
    expect(signed!.checkIssued(issuer!)).toBe(true);
  }
});

test("none outlives its authority", () => {
  const authority = makeSecret({ kind: "authority", commonName: "ca", days: 10 });
  expect(makeSecret(RECIPE, authority).ends?.slice(0, 19)).toBe(authority.ends?.slice(0, 19));
});

describe("a connection by mutual TLS", () => {
  const [authority, foreign] = [authorityOf("ca"), authorityOf("ca")];
  const server = makeSecret(RECIPE, authority).value;

  /** @returns what the server answers, or why there is no connection */
  async function talk(client: { ca: string; cert?: string }): Promise<string> {
    const sockets: Socket[] = [];
    const listening = createServer(
      { key: server, cert: server, ca: authority.value, requestCert: true, rejectUnauthorized: true },
      (socket) => socket.end("welcome"),
    );
    listening.on("connection", (socket: Socket) => sockets.push(socket));
    listening.on("tlsClientError", () => undefined);
    await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
    const { port } = listening.address() as AddressInfo;
    const { ca, cert } = client;
    try {
      return await new Promise((resolve) => {
        const socket: TLSSocket = connect({ host: "127.0.0.1", port, servername: "localhost", ca, cert, key: cert });
        socket.on("data", (data: Buffer) => {
          resolve(data.toString());
        });
        socket.on("error", (error: NodeJS.ErrnoException) => {
          resolve(error.code ?? error.message);
        });
        socket.on("close", () => {
          resolve("closed");
        });
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      listening.close();
    }
  }

  test("each side knows the other by the authority", async () => {
    expect(await talk({ ca: authority.value, cert: makeSecret(RECIPE, authority).value })).toBe("welcome");
  });

  test("a client without a certificate, or with one of another authority of the same name, is refused", async () => {
    expect(await talk({ ca: authority.value })).toMatch(/^ERR_SSL|^ECONNRESET|^closed/);
    expect(await talk({ ca: authority.value, cert: makeSecret(RECIPE, foreign).value })).toMatch(
      /^ERR_SSL|^ECONNRESET|^closed/,
    );
  });

  test("a server of another authority is refused", async () => {
    expect(await talk({ ca: foreign.value, cert: makeSecret(RECIPE, foreign).value })).toMatch(
      /SIGNATURE|UNABLE|SELF_SIGNED|ERR_/,
    );
  });
});
