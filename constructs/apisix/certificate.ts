import { Construct } from "constructs";
import { Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { DescribedProps, draft, GatewayObjectBase } from "./object";
import { wire } from "./render/document";
import {
  descriptionFailures,
  hostFailures,
  isSecretReference,
  listFailures,
  numberFailures,
  writtenOutSecret,
} from "./values";

/** Version of TLS. */
export enum TlsProtocol {
  /** TLS 1.1, outdated. */
  TLS_1_1 = "TLSv1.1",
  /** TLS 1.2. */
  TLS_1_2 = "TLSv1.2",
  /** TLS 1.3. */
  TLS_1_3 = "TLSv1.3",
}

/** Properties of a certificate. */
export interface CertificateProps extends Omit<DescribedProps, "name"> {
  /** Host names that it is served for; `*.example.com` covers one level of subdomains. */
  readonly snis: readonly string[];
  /** The certificate with its chain: text in PEM form, or `gateway.secret("NAME")`. */
  readonly certificate: string;
  /** The private key: `gateway.secret("NAME")`. Plain text is refused, because every reader of Consul would have it. */
  readonly privateKey: string;
  /** CA that must have signed the certificates of clients: PEM or `gateway.secret("NAME")`. @default - clients need no certificate */
  readonly clientCa?: string;
  /** Maximum of certificates between a client's certificate and the CA, 0 or more. Only with `clientCa`. @default 1 */
  readonly clientDepth?: number;
  /** Regular expressions of paths that need no client certificate. Only with `clientCa`. @default - none */
  readonly clientSkipUris?: readonly string[];
  /** TLS versions that clients may use. @default - the gateway's */
  readonly sslProtocols?: readonly TlsProtocol[];
  /** Whether the certificate is in use: 1 is on, 0 is off. @default 1 */
  readonly status?: 0 | 1;
}

/**
 * TLS certificate that a gateway serves for a set of host names (SNI).
 *
 * @see https://apisix.apache.org/docs/apisix/certificate/
 */
export class Certificate extends GatewayObjectBase {
  /** Whether something is a certificate of a gateway. */
  static isCertificate(x: unknown): x is Certificate {
    return isMarked(x, "Certificate");
  }

  constructor(scope: Construct, id: string, props: CertificateProps) {
    const { snis, desc, labels, certificate, privateKey, sslProtocols, status } = props;
    const { clientCa, clientDepth, clientSkipUris } = props;
    super(scope, id, "ssls", props.objectId ?? id, props, () =>
      draft({
        fields: wire({
          ...{ desc, labels, snis, cert: certificate, key: privateKey },
          client: clientCa && wire({ ca: clientCa, depth: clientDepth, skipMtlsUriRegex: clientSkipUris }),
          ...{ sslProtocols, status },
        }),
        failures: certificateFailures(props),
      }),
    );
    mark(this, "Certificate");
  }
}

function certificateFailures(props: CertificateProps): Failure[] {
  const { snis, certificate, privateKey, clientCa, clientDepth, clientSkipUris, sslProtocols, status } = props;
  return [
    ...descriptionFailures({ desc: props.desc, labels: props.labels }),
    ...hostFailures("snis", snis),
    ...pemFailures("certificate", certificate),
    ...(isSecretReference(privateKey) ? [] : [writtenOutSecret("privateKey")]),
    ...(clientCa === undefined ? [] : pemFailures("clientCa", clientCa)),
    ...(clientCa === undefined ? uselessFailures({ clientDepth, clientSkipUris }) : []),
    ...numberFailures({ clientDepth }, { min: 0 }, "1 is usual"),
    ...listFailures("clientSkipUris", clientSkipUris),
    ...listFailures("sslProtocols", sslProtocols),
    ...numberFailures({ status }, { min: 0, max: 1 }, "1 is on, 0 is off"),
  ];
}

function pemFailures(property: string, text: string): Failure[] {
  if (isSecretReference(text)) return [];
  const isPem = /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----\s/.test(text) && text.length >= 128;
  if (isPem && text.length <= 64 * 1024) return [];
  const cure = 'give gateway.secret("NAME"), or the text that starts with -----BEGIN CERTIFICATE-----';
  return [{ property, rule: "must be a certificate as PEM of at most 64 KiB, or name a secret", cure }];
}

function uselessFailures(options: Readonly<Record<string, unknown>>): Failure[] {
  return Object.entries(options)
    .filter(([, got]) => got !== undefined)
    .map(([property, got]) => ({
      property,
      rule: "must go with clientCa, or it does nothing",
      got,
      cure: "leave it out",
    }));
}
