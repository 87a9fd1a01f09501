import { Construct } from "constructs";
import { certificateFailures } from "./certificate-rules";
import { wire } from "./document-text";
import { draft } from "./draft";
import { DescribedProps, GatewayObjectBase } from "./gateway-object";

export enum TlsProtocol {
  TLS_1_1 = "TLSv1.1",
  TLS_1_2 = "TLSv1.2",
  TLS_1_3 = "TLSv1.3",
}

export interface CertificateProps extends Omit<DescribedProps, "name"> {
  /** Host names that it is for, `*.example.com` for all of one level below. */
  readonly snis: readonly string[];
  /** With its chain, as PEM, or from `gateway.secret("NAME")`. */
  readonly certificate: string;
  /** From `gateway.secret("NAME")`: plain text is refused, since every reader of Consul would have it. */
  readonly privateKey: string;
  /** Who has to have signed a client's certificate: PEM or `gateway.secret("NAME")`. @default - clients need none */
  readonly clientCa?: string;
  /** With `clientCa`: certificates in between, 0 or more. @default 1 */
  readonly clientDepth?: number;
  /** With `clientCa`: patterns of paths that need no certificate. @default - none */
  readonly clientSkipUris?: readonly string[];
  /** @default - the gateway's */
  readonly sslProtocols?: readonly TlsProtocol[];
  /** 1 is on, 0 is off. @default 1 */
  readonly status?: 0 | 1;
}

/**
 * What a gateway shows for a host name by https.
 *
 * @see https://apisix.apache.org/docs/apisix/certificate/
 */
export class Certificate extends GatewayObjectBase {
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
  }
}
