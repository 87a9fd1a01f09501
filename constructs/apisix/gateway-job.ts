import { ChangeMode, Check, ConstraintOptions, JobOptions, JobType, PortMappings, TemplateOptions } from "../nomad";
import { renderGatewayConfig, GatewayPlace } from "./gateway-config-text";
import { DOCUMENT_WAIT, renderDocumentTemplate } from "./gateway-document-text";
import { GatewaySettings } from "./gateway-options";
import { metricsAddress } from "./plugin-attributes";
import { renderStartScript } from "./gateway-start-text";
import { WHEN_EMPTY, whenEmptyHook } from "./when-empty";

/** The same folders in the container that Nomad starts. */
export const IN_ALLOCATION = { config: "/local", document: "/local", dump: "/alloc/data" } as const;

/** The client's address, in the words of the configuration's template. */
export const CLIENT_ADDRESS = '[[ env "NOMAD_IP_http" ]]';

/** A gateway as its job sees it. */
export interface GatewayJobSpec {
  readonly settings: GatewaySettings;
  readonly place: GatewayPlace;
  /** Its folder in Consul's key/value store. */
  readonly documents: string;
  /** Names of the clients that it is for. @default - all of them */
  readonly clients?: readonly string[];
  readonly nodePool?: string;
  /** Another text with other secrets, so that they are a new version of the job. @default - it has none */
  readonly secretsMark?: string;
}

/** One gateway on every client, in the client's own network: it reaches the client's own Consul agent on loopback. */
export function gatewayJob(spec: GatewayJobSpec): JobOptions {
  const { settings, place, documents, clients, nodePool, secretsMark } = spec;
  const { name, image, memory } = settings;
  const constraints: ConstraintOptions[] = clients === undefined ? [] : [onlyOn(clients)];
  return {
    name,
    type: JobType.SYSTEM,
    nodePool,
    ...(constraints.length > 0 && { constraints }),
    // One after the other: the others go on.
    update: {
      maxParallel: 1,
      healthCheck: "checks",
      minHealthyTime: "5s",
      healthyDeadline: "2m",
      progressDeadline: "3m",
    },
    groups: {
      gateway: {
        ...(secretsMark !== undefined && { meta: { secrets: secretsMark } }),
        networkMode: "host",
        ports: portsOf(settings, place),
        // Directors need a few seconds to know that it leaves.
        shutdownDelay: "10s",
        restart: { attempts: 3, interval: "1m", delay: "2s", mode: "delay" },
        services: [
          {
            name,
            port: "http",
            addressMode: "host",
            // Not the port for clients: a gateway without routes answers there, too, with 404.
            checks: [Check.http({ port: "status", path: "/status/ready" })],
          },
        ],
        tasks: {
          apisix: {
            docker: { image, networkMode: "host", entrypoint: ["/bin/sh", "/local/start"] },
            files: {
              [WHEN_EMPTY]: whenEmptyHook(),
              start: renderStartScript(IN_ALLOCATION, settings.admin !== undefined),
            },
            templates: templatesOf(settings, place, documents),
            resources: { cpu: 200, memory },
            // nginx ends its requests first at this one.
            killSignal: "SIGQUIT",
            killTimeout: "30s",
          },
        },
      },
    },
  };
}

function onlyOn(clients: readonly string[]): ConstraintOptions {
  return { attribute: "${node.unique.name}", operator: "regexp", value: `^(${clients.join("|")})$` };
}

/** All static: directors and users know where a gateway listens. */
function portsOf(settings: GatewaySettings, { virtualPorts }: GatewayPlace): PortMappings {
  const { httpPort, httpsPort, statusPort, streamPorts, admin, pluginAttributes } = settings;
  const metrics = metricsAddress(pluginAttributes);
  const named = [
    ["http", httpPort],
    ["https", httpsPort],
    ["status", statusPort],
    ...virtualPorts.filter((port) => port !== httpPort).map((port) => [`virtual_${port}`, port] as const),
    ...[...new Set([...streamPorts.tcp, ...streamPorts.udp])].map((port) => [`stream_${port}`, port] as const),
    ...(admin === undefined ? [] : [["admin", admin.port] as const]),
    // On loopback it takes no port of the client's.
    ...(metrics === undefined || metrics.ip.startsWith("127.") ? [] : [["metrics", metrics.port] as const]),
  ] as const;
  return Object.fromEntries(named.map(([label, port]) => [label, { static: port }]));
}

function templatesOf(settings: GatewaySettings, place: GatewayPlace, documents: string): TemplateOptions[] {
  const { name, admin, secretNames } = settings;
  const config: TemplateOptions = {
    destination: "local/config.yaml",
    data: renderGatewayConfig(settings, place),
    // `{{` is APISIX's own in that file.
    delimiters: ["[[", "]]"],
    changeMode: ChangeMode.RESTART,
  };
  const routes: TemplateOptions = {
    destination: "local/apisix.yaml",
    data: renderDocumentTemplate(documents),
    // The gateway looks at the file every second: no allocation changes for a route.
    changeMode: ChangeMode.NOOP,
    wait: DOCUMENT_WAIT,
  };
  const secrets: TemplateOptions = {
    destination: "secrets/gateway.env",
    data: secretLines(name, secretNames),
    env: true,
    // A change is a new version of the job, one client after the other. By themselves all clients would restart at once.
    changeMode: ChangeMode.NOOP,
  };
  return [config, ...(admin === undefined ? [routes] : []), ...(secretNames.length > 0 ? [secrets] : [])];
}

/** Where one is missing the task does not start, and reports that it waits for the variable. */
function secretLines(job: string, names: readonly string[]): string {
  const lines = names.map((name) => `${name}={{ .${name}.Value | toJSON }}\n`).join("");
  return `{{ with nomadVar "${secretsPath(job)}" }}${lines}{{ end }}`;
}

/** The one variable that a job may read without a policy of its own. */
export function secretsPath(job: string): string {
  return `nomad/jobs/${job}`;
}
