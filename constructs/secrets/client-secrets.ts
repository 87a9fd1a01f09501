import type { CertificateAuthority, SignedCertificate } from "./certificate";
import type { RandomSecret } from "./generated-secret";

/** What a client of a secured agent has. */
export interface ClientSecrets {
  /** The authority that signed the agent's certificate. */
  readonly authority: CertificateAuthority;
  /** The client's own certificate. */
  readonly certificate: SignedCertificate;
  /** The client's token. */
  readonly token: RandomSecret;
}
