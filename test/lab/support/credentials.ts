import execa from "execa";
import { LabDeployment } from "./deployment";

/** A certificate that vouches for itself, as PEM; its key is on no disk. */
export async function makeCertificate(
  ...names: readonly [string, ...string[]]
): Promise<{ certificate: string; privateKey: string }> {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${names[0]}`;
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
  const { stdout } = await execa("openssl", [...words.split(" "), "-addext", alternatives, "-keyout", "-"]);
  const part = (what: string): string =>
    new RegExp(`-----BEGIN ${what}-----[^]+-----END ${what}-----`).exec(stdout)?.[0] ?? "";
  return { certificate: part("CERTIFICATE"), privateKey: part("PRIVATE KEY") };
}

/** A JSON web token of a consumer, made on a machine with common tools. */
export async function token(from: LabDeployment, machine: string, consumer: string, secret: string): Promise<string> {
  return from.on(
    machine,
    `python3 - <<'PROGRAM'
import base64, hashlib, hmac, json, time
def part(data): return base64.urlsafe_b64encode(data).rstrip(b"=")
head, body = ({"alg": "HS256", "typ": "JWT"}, {"key": "${consumer}", "exp": int(time.time()) + 600})
text = part(json.dumps(head).encode()) + b"." + part(json.dumps(body).encode())
print((text + b"." + part(hmac.new(${JSON.stringify(secret)}.encode(), text, hashlib.sha256).digest())).decode())
PROGRAM`,
  );
}
