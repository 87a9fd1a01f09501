import { Failure } from "../private/failure";
import { healthCheckFailures } from "./health-check-rules";
import { UpstreamOptions, UpstreamType } from "./upstream-options";
import { hostFailures, numberFailures, textFailures, timeoutFailures } from "./value-rules";

const STREAM_SCHEMES = ["tcp", "tls", "udp"];
/** Whether it is about connections, not about requests. */
export function isStreamScheme(scheme: UpstreamOptions["scheme"]): boolean {
  return STREAM_SCHEMES.includes(scheme ?? "http");
}

const VARIABLES = [
  ...["uri", "server_name", "server_addr", "request_uri", "remote_port", "remote_addr", "query_string", "host"],
  ...["hostname", "mqtt_client_id", "arg_[\\w-]+"],
];
const VARIABLE = new RegExp(`^(${VARIABLES.join("|")})$`);

export interface UpstreamSurroundings {
  /** Whether it is a stream route's. Nothing where it can be either's. */
  readonly stream?: boolean;
}

/** What APISIX would refuse of an upstream, or take and not do. @param at where the caller wrote it */
export function upstreamFailures(at: string, options: UpstreamOptions, { stream }: UpstreamSurroundings): Failure[] {
  const { retries, retryTimeout, timeout, keepalivePool = {}, checks } = options;
  const pool = {
    [`${at}.keepalivePool.size`]: keepalivePool.size,
    [`${at}.keepalivePool.requests`]: keepalivePool.requests,
  };
  return [
    ...hashFailures(at, options),
    ...passHostFailures(at, options),
    ...(stream === undefined ? [] : schemeFailures(at, options, stream)),
    ...numberFailures({ [`${at}.retries`]: retries }, { min: 0 }, "leave it out to try every node"),
    ...numberFailures({ [`${at}.retryTimeout`]: retryTimeout }, { min: 0, whole: false }, "0 is no end"),
    ...timeoutFailures(`${at}.timeout`, timeout),
    ...numberFailures(pool, { min: 1 }),
    ...numberFailures({ [`${at}.keepalivePool.idleTimeout`]: keepalivePool.idleTimeout }, { min: 0, whole: false }),
    ...(checks === undefined ? [] : healthCheckFailures(`${at}.checks`, checks)),
  ];
}

function hashFailures(at: string, { type, hashOn, key }: UpstreamOptions): Failure[] {
  if (type !== UpstreamType.CHASH)
    return Object.entries({ hashOn, key })
      .filter(([, got]) => got !== undefined)
      .map(([name, got]) => ({
        property: `${at}.${name}`,
        rule: "must go with type: UpstreamType.CHASH, or it does nothing",
        got,
        cure: "add the type, or leave it out",
      }));
  if (hashOn === "consumer") return [];
  if (key === undefined) {
    const cure = "for example key: 'remote_addr', or hashOn: 'consumer'";
    return [{ property: `${at}.key`, rule: "must go with UpstreamType.CHASH: it says what is hashed", cure }];
  }
  const place = { [`${at}.key`]: key };
  if (hashOn === undefined || hashOn === "vars")
    return textFailures(
      place,
      VARIABLE,
      "must be a variable that APISIX hashes",
      "for example 'remote_addr', 'uri' or 'arg_user'; a header by hashOn: 'header'",
    );
  if (hashOn === "vars_combinations") return [];
  return textFailures(place, /^[\w-]+$/, `must be the name of a ${hashOn}`, "write it like 'session-id'");
}

function passHostFailures(at: string, { passHost, upstreamHost }: UpstreamOptions): Failure[] {
  if (passHost === "rewrite" && upstreamHost === undefined) {
    const cure = "for example upstreamHost: 'www.example.com'";
    return [{ property: `${at}.upstreamHost`, rule: "must go with passHost: 'rewrite'", cure }];
  }
  if (upstreamHost === undefined) return [];
  if (passHost === "rewrite") return hostFailures(`${at}.upstreamHost`, [upstreamHost]);
  const cure = "add passHost: 'rewrite', or leave it out";
  const rule = "must go with passHost: 'rewrite', or it does nothing";
  return [{ property: `${at}.upstreamHost`, rule, got: upstreamHost, cure }];
}

function schemeFailures(at: string, { scheme }: UpstreamOptions, stream: boolean): Failure[] {
  if (scheme === undefined || isStreamScheme(scheme) === stream) return [];
  const rule = stream
    ? "must be tcp, tls or udp in a stream route"
    : "can't be tcp, tls or udp outside of stream routes";
  return [{ property: `${at}.scheme`, rule, got: scheme, cure: stream ? "leave it out for tcp" : "use 'http'" }];
}

/** Nodes as `host:port` to their weight. */
export function nodeFailures(at: string, nodes: Readonly<Record<string, number>>): Failure[] {
  const entries = Object.entries(nodes);
  if (entries.length === 0)
    return [{ property: `${at}.nodes`, rule: "must hold a node", cure: 'for example { "10.0.0.5:80": 1 }' }];
  return entries.flatMap(([node, weight]) => {
    const [, port] = /^(?:\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z._-]+):(\d+)$/.exec(node) ?? [];
    const good = port !== undefined && Number(port) >= 1 && Number(port) <= 65535;
    const cure = "write it like '10.0.0.5:80', 'httpbin.org:80' or '[2001:db8::1]:80'";
    return [
      ...(good ? [] : [{ property: `${at}.nodes`, rule: "must be named HOST:PORT", got: node, cure }]),
      ...numberFailures({ [`${at}.nodes["${node}"]`]: weight }, { min: 0 }, "1 is usual, 0 takes no requests"),
    ];
  });
}

/** The name and port of a service. A port's number in it would be a part of the name, and found nowhere. */
export function serviceNameFailures(
  at: string,
  {
    name,
    port,
    tag,
  }: {
    readonly name: string | number;
    readonly port?: string;
    readonly tag?: string;
  },
): Failure[] {
  const cure = "give its name alone; Consul knows the port";
  const rule = "must be the name of a service in Consul";
  if (typeof name !== "string" || !/^(?=.*[A-Za-z])[\w][\w.-]*$/.test(name))
    return [{ property: `${at}.service`, rule, got: name, cure }];
  if (tag !== undefined) {
    return [
      {
        property: `${at}.service`,
        rule: "can't be the instances with a tag, because APISIX asks Consul for a name and takes all of its instances",
        got: tag,
        cure: "register them under a name of their own",
      },
    ];
  }
  if (port === undefined || !/^\d+$/.test(port)) return [];
  return [
    {
      property: `${at}.service`,
      rule: "can't be registered by a port's number: its instances have no address then",
      got: port,
      cure: "register it by the label of a port",
    },
  ];
}
