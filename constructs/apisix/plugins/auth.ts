import { durationFailures } from "../../private/duration";
import { Failure } from "../../private/failure";
import { wire } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { listFailures, seconds, textFailures } from "../values";

/** Options of every plugin that authenticates requests. */
export interface GuardOptions extends CommonPluginOptions {
  /**
   * Realm in `WWW-Authenticate` of the answer 401: 1 to 128 printable characters without `"` and `\`.
   *
   * @default - the plugin's
   */
  readonly realm?: string;
  /** Whether credentials are removed from the request before the upstream gets it. @default false */
  readonly hideCredentials?: boolean;
  /** Name of the consumer that stands for requests without valid credentials. @default - none: they are refused */
  readonly anonymousConsumer?: string;
}

/** Options of `Plugin.keyAuth`: only requests with the key of a consumer pass. */
export interface KeyAuthPluginOptions extends GuardOptions {
  /** Header that holds the key. @default "apikey" */
  readonly header?: string;
  /** Query argument that holds the key, if no header does. @default "apikey" */
  readonly query?: string;
}

/** Options of `Plugin.keyAuthCredential`: the key of a consumer. */
export interface KeyAuthCredentialOptions extends CommonPluginOptions {
  /** The key: `gateway.secret("NAME")`. Plain text is refused, because every reader of Consul would have it. */
  readonly key: string;
}

/** Options of `Plugin.jwtAuth`: only requests with a JSON web token of a consumer pass. */
export interface JwtAuthPluginOptions extends GuardOptions {
  /** Header that holds the token. @default "authorization" */
  readonly header?: string;
  /** Query argument that holds the token. @default "jwt" */
  readonly query?: string;
  /** Cookie that holds the token. @default "jwt" */
  readonly cookie?: string;
  /** Claim of the token that holds the consumer's key. @default "key" */
  readonly keyClaimName?: string;
  /** Whether the token is passed on to later plugins. @default false */
  readonly storeInCtx?: boolean;
  /** Claims that are required and verified. @default - claims that are present are verified */
  readonly claimsToVerify?: readonly ("exp" | "nbf")[];
}

/** Options of `Plugin.jwtAuthCredential`: the key that verifies the tokens of a consumer. */
export interface JwtAuthCredentialOptions extends CommonPluginOptions {
  /** Value of the token's claim `keyClaimName`, unique among consumers. Not a secret. */
  readonly key: string;
  /** Secret for HS256, HS384 and HS512: `gateway.secret("NAME")`. @default - none */
  readonly secret?: string;
  /** Public key for all other algorithms: PEM or `gateway.secret("NAME")`. @default - none */
  readonly publicKey?: string;
  /** Algorithm of the signature. @default "HS256" */
  readonly algorithm?: JwtAlgorithm;
  /** Whether the secret is base64. @default false */
  readonly base64Secret?: boolean;
  /** Tolerance for clocks that differ, a duration of whole seconds. @default "0s" */
  readonly lifetimeGracePeriod?: string;
}

/**
 * Algorithm of a JSON web token's signature.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3
 */
export enum JwtAlgorithm {
  HS256 = "HS256",
  HS384 = "HS384",
  HS512 = "HS512",
  RS256 = "RS256",
  RS384 = "RS384",
  RS512 = "RS512",
  ES256 = "ES256",
  ES384 = "ES384",
  ES512 = "ES512",
  PS256 = "PS256",
  PS384 = "PS384",
  PS512 = "PS512",
  EDDSA = "EdDSA",
}

export function keyAuth(options: KeyAuthPluginOptions): PluginParts {
  return partsOf("key-auth", options, wire(options), (at) => guardFailures(at, options), "guard");
}

export function keyAuthCredential(options: KeyAuthCredentialOptions): PluginParts {
  return partsOf("key-auth", options, wire(options), () => [], "credential");
}

export function jwtAuth(options: JwtAuthPluginOptions): PluginParts {
  return partsOf(
    "jwt-auth",
    options,
    wire(options),
    (at) => [
      ...guardFailures(at, options),
      ...textFailures(
        { [`${at}.keyClaimName`]: options.keyClaimName },
        /./,
        "can't be empty",
        "leave it out for 'key'",
      ),
      ...(options.claimsToVerify?.length === 0 ? [] : listFailures(`${at}.claimsToVerify`, options.claimsToVerify)),
    ],
    "guard",
  );
}

export function jwtAuthCredential(options: JwtAuthCredentialOptions): PluginParts {
  const config = wire({ ...options, lifetimeGracePeriod: seconds(options.lifetimeGracePeriod) });
  return partsOf("jwt-auth", options, config, (at) => jwtFailures(at, options), "credential");
}

function guardFailures(at: string, { realm, anonymousConsumer }: GuardOptions): Failure[] {
  return [
    ...textFailures(
      { [`${at}.realm`]: realm },
      /^[ !#-[\]-~]{1,128}$/,
      "must have 1 to 128 printable characters without '\"' and '\\'",
      "for example 'api'",
    ),
    ...textFailures({ [`${at}.anonymousConsumer`]: anonymousConsumer }, /./, "can't be empty", "name a consumer"),
  ];
}

function jwtFailures(at: string, options: JwtAuthCredentialOptions): Failure[] {
  const { algorithm = JwtAlgorithm.HS256, key, lifetimeGracePeriod } = options;
  const needed = algorithm.startsWith("HS") ? "secret" : "publicKey";
  const useless = needed === "secret" ? "publicKey" : "secret";
  return [
    ...textFailures({ [`${at}.key`]: key }, /./, "can't be empty", "name it as the consumer"),
    ...durationFailures({ [`${at}.lifetimeGracePeriod`]: lifetimeGracePeriod }, { whole: "seconds" }),
    ...(options[needed] === undefined
      ? [{ property: `${at}.${needed}`, rule: `must go with ${algorithm}`, cure: 'give gateway.secret("NAME")' }]
      : []),
    ...(options[useless] === undefined
      ? []
      : [{ property: `${at}.${useless}`, rule: `can't go with ${algorithm}`, cure: "leave it out" }]),
  ];
}
