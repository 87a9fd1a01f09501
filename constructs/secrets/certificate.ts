import { Construct } from "constructs";
import { isIP } from "node:net";
import { isRefused, Validation } from "../private/validation";
import { GeneratedSecret } from "./generated-secret";
import { SecretRecipe } from "./recipe";

/** Properties of a certificate authority. */
export interface CertificateAuthorityProps {
  /** Common name of the authority, 1 to 64 characters. @default - the path of the construct, its last 64 characters */
  readonly commonName?: string;
  /** Days that it is valid, 1 to 7300. @default 3650 */
  readonly days?: number;
}

/**
 * A private certificate authority. Its {@link value} is its certificate, as PEM text. Its private key is in `secrets.json` only: no machine
 * and no state has it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280
 */
export class CertificateAuthority extends GeneratedSecret {
  /** @internal */
  readonly _recipe: SecretRecipe;

  constructor(scope: Construct, id: string, props: CertificateAuthorityProps = {}) {
    super(scope, id);
    const { commonName = this.node.path.slice(-64), days = 3650 } = props;
    const validation = new Validation(this);
    requireCommonName(validation, commonName);
    validation.integer("days", days, 1, 7300, "3650 are ten years");
    validation.passes();
    this._recipe = { kind: "authority", commonName, days };
  }
}

/** Properties of a certificate. */
export interface SignedCertificateProps {
  /** Authority that signs it. */
  readonly authority: CertificateAuthority;
  /** Common name of its owner, 1 to 64 characters. @default - the first of the names and addresses */
  readonly commonName?: string;
  /** DNS names of its owner. @default - none */
  readonly dnsNames?: readonly string[];
  /** Addresses of its owner. @default - none */
  readonly ipAddresses?: readonly string[];
  /** Days that it is valid, 1 to 825. @default 365 */
  readonly days?: number;
}

/**
 * A certificate for servers and clients of one authority. Its {@link value} is PEM text: the certificate, then its private key.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280
 */
export class SignedCertificate extends GeneratedSecret {
  /** @internal */
  readonly _recipe: SecretRecipe;

  constructor(scope: Construct, id: string, props: SignedCertificateProps) {
    super(scope, id);
    const { authority, dnsNames = [], ipAddresses = [], days = 365 } = props;
    const commonName = props.commonName ?? dnsNames[0] ?? ipAddresses[0] ?? "";
    const validation = new Validation(this);
    requireCommonName(validation, commonName);
    validation.integer("days", days, 1, 825, "365 are a year");
    validation.require(dnsNames.length + ipAddresses.length > 0, {
      property: "dnsNames",
      rule: "must have a name, or 'ipAddresses' an address: programs compare them with what they connect to",
      cure: "for example ['server.dc1.consul']",
    });
    for (const name of dnsNames)
      validation.require(/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name), {
        property: "dnsNames",
        rule: "must be DNS names of lower-case letters, digits and hyphens",
        got: name,
        cure: "write it like 'server.dc1.consul'",
      });
    for (const address of ipAddresses)
      validation.require(isIP(address) !== 0, {
        property: "ipAddresses",
        rule: "must be IPv4 or IPv6 addresses",
        got: address,
        cure: "write it like '10.0.0.5', without prefix length",
      });
    if (!isRefused(authority)) validation.passes();
    this._recipe = {
      kind: "certificate",
      authority: authority.variable,
      commonName,
      dnsNames: [...dnsNames],
      ipAddresses: [...ipAddresses],
      days,
    };
  }
}

function requireCommonName(validation: Validation, commonName: string): void {
  validation.require(commonName.length >= 1 && commonName.length <= 64, {
    property: "commonName",
    rule: "must have 1 to 64 characters",
    got: commonName,
    cure: "choose a name like 'Consul dc1'",
  });
}
