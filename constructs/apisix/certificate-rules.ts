import { Failure } from "../private/failure";
import { isSecretReference, plainSecret } from "./plugins/plugin-secrets";
import { descriptionFailures, hostFailures, listFailures, numberFailures } from "./value-rules";

/** What is checked of a certificate. */
export interface CertificateText {
  readonly snis: readonly string[];
  readonly certificate: string;
  readonly privateKey: string;
  readonly clientCa?: string;
  readonly clientDepth?: number;
  readonly clientSkipUris?: readonly string[];
  readonly sslProtocols?: readonly string[];
  readonly status?: number;
  readonly desc?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export function certificateFailures(text: CertificateText): Failure[] {
  const { snis, certificate, privateKey, clientCa, clientDepth, clientSkipUris, sslProtocols, status } = text;
  return [
    ...descriptionFailures({ desc: text.desc, labels: text.labels }),
    ...hostFailures("snis", snis),
    ...pemFailures("certificate", certificate),
    ...(isSecretReference(privateKey) ? [] : [plainSecret("privateKey")]),
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
