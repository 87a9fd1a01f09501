import {
  ApiObject,
  ChangeMode,
  Check,
  ConstraintOptions,
  JobOptions,
  JobType,
  PortMappings,
  TemplateOptions,
} from "../nomad";
import { GatewaySettings } from "./gateway-settings";
import { metricsAddress } from "./plugins/attributes";
import {
  CONSUL_TOKEN,
  consulTokenHook,
  GatewayHost,
  renderGatewayConfig,
  WHEN_EMPTY,
  whenEmptyHook,
} from "./render/config";
import { APISIX_USER } from "./render/confined";
import { DOCUMENT_WAIT, renderDocumentTemplate } from "./render/document";
import { renderStartScript } from "./render/start";

/** The same folders in the container that Nomad starts. */
export const IN_ALLOCATION = { config: "/local", document: "/local", dump: "/alloc/data" } as const;

/** Where Consul wants a token: that and the other secrets are files in the task's folder in memory. */
const SECRETS = "secrets";
const TOKEN = `${SECRETS}/consul-token`;
export const TOKEN_ITEM = "token";
export const SECURED = { ...IN_ALLOCATION, secrets: `/${SECRETS}`, token: `/${TOKEN}` } as const;

/**
 * Where Consul wants a token the container has no capabilities either. Its image can be written: Nomad mounts no copy of the folders that
 * APISIX writes, unless its clients have `dockerVolumes`, which would be more than it takes away.
 */
const CONFINED: ApiObject = {
  cap_drop: ["all"],
  security_opt: ["no-new-privileges"],
  pids_limit: 256,
  // A core file would hold the gateway's secrets.
  ulimit: [{ core: "0" }],
};

/** The client's address, in the words of the configuration's template. */
export const CLIENT_ADDRESS = '[[ env "NOMAD_IP_http" ]]';

/** A gateway as its job sees it. */
export interface GatewayJobSpec {
  readonly settings: GatewaySettings;
  readonly host: GatewayHost;
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
  const { settings, host, documents, clients, nodePool, secretsMark } = spec;
  const { name, image, memoryMiB } = settings;
  const isConfined = host.folders.token !== undefined;
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
        ports: portsOf(settings, host),
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
            docker: {
              image,
              networkMode: "host",
              entrypoint: ["/bin/sh", "/local/start"],
              ...(isConfined && { config: CONFINED }),
            },
            ...(isConfined && { user: `${APISIX_USER}:${APISIX_USER}` }),
            files: {
              [WHEN_EMPTY]: whenEmptyHook(),
              ...(host.folders.token !== undefined && { [CONSUL_TOKEN]: consulTokenHook(host.folders.token) }),
              start: renderStartScript(host.folders, settings.admin !== undefined),
            },
            templates: templatesOf(settings, host, documents),
            resources: { cpu: 200, memoryMiB },
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
function portsOf(settings: GatewaySettings, { virtualPorts }: GatewayHost): PortMappings {
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

function templatesOf(settings: GatewaySettings, host: GatewayHost, documents: string): TemplateOptions[] {
  const { name, admin, secretNames } = settings;
  const config: TemplateOptions = {
    destination: "local/config.yaml",
    data: renderGatewayConfig(settings, host),
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
  // A change of a secret is a new version of the job, one client after the other. By themselves all clients would restart at once.
  const changeMode = ChangeMode.NOOP;
  const inEnvironment: TemplateOptions = {
    destination: `${SECRETS}/gateway.env`,
    data: secretLines(name, secretNames),
    env: true,
    changeMode,
  };
  const asFile = (destination: string, data: string): TemplateOptions => ({
    destination,
    data,
    changeMode,
    perms: "0440",
    gid: Number(APISIX_USER),
  });
  const asFiles = (): TemplateOptions[] => [
    ...secretNames.map((secret) => asFile(`${SECRETS}/${secret}`, itemOf(secretsPath(name), `${secret}.Value`))),
    // It is read whenever Consul is asked.
    asFile(TOKEN, itemOf(tokenPath(name), TOKEN_ITEM)),
  ];
  return [
    config,
    ...(admin === undefined ? [routes] : []),
    ...(host.folders.token !== undefined ? asFiles() : secretNames.length > 0 ? [inEnvironment] : []),
  ];
}

/** A template's text for one item of a variable of Nomad. */
function itemOf(path: string, item: string): string {
  return `{{ with nomadVar "${path}" }}{{ .${item} }}{{ end }}`;
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

/** Another one, which only its one task may read: what Terraform writes is not in it. */
export function tokenPath(job: string): string {
  return `${secretsPath(job)}/gateway/apisix`;
}
