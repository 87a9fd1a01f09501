/** How random bytes are written. */
export enum SecretEncoding {
  /** Base64 with padding, as gossip keys are. */
  BASE64 = "base64",
  /** Two hexadecimal digits a byte. */
  HEX = "hex",
  /** A UUID of version 4, as tokens of Consul and Nomad are. */
  UUID = "uuid",
}

/** A value without a meaning. */
export interface RandomRecipe {
  readonly kind: "random";
  readonly bytes: number;
  readonly encoding: SecretEncoding;
}

/** A certificate authority. Its private key is on no machine. */
export interface AuthorityRecipe {
  readonly kind: "authority";
  readonly commonName: string;
  readonly days: number;
}

/** A certificate with its private key, in one text. */
export interface CertificateRecipe {
  readonly kind: "certificate";
  /** Name of the authority's variable. */
  readonly authority: string;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly days: number;
}

/** How the value of a generated secret is made. */
export type SecretRecipe = RandomRecipe | AuthorityRecipe | CertificateRecipe;

/** A generated secret in the description of a deployment, which never has its value. */
export interface SecretDescription {
  /** Name of its Terraform variable: `TF_VAR_` and this name is the environment variable. */
  readonly variable: string;
  /** How its value is made. */
  readonly recipe: SecretRecipe;
}
