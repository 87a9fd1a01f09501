import { Construct } from "constructs";
import { IMachine } from "../machine";
import { announceUse, followersOf } from "../packets";
import { Validation } from "../private/validation";
import { IConsulCluster } from "./consul-cluster";
import { announceService, validateService } from "./consul-service";
import { isMarked, mark } from "../private/mark";
import { serviceRule } from "./render/access";
import { ARRIVAL, LOCAL_CONSUL, TOKENS } from "./render/agent";

/** Health check of a service, run by its machine's agent. */
export class AgentCheck {
  /** GET request that must be answered with 2xx. @param path starts with `/` */
  static http(path = "/", options: AgentHttpCheckOptions = {}): AgentCheck {
    return new AgentCheck((address, port) => ({
      http: `http://${address}:${options.port ?? port}${path}`,
      ...withDefaults(options),
    }));
  }

  /** TCP connection that must be accepted. */
  static tcp(times: AgentCheckTimes = {}): AgentCheck {
    return new AgentCheck((address, port) => ({ tcp: `${address}:${port}`, ...withDefaults(times) }));
  }

  private constructor(
    /** @internal */
    readonly _render: (address: string, port: number) => CheckDefinition,
  ) {}
}

/** Times and thresholds of a check. */
export interface AgentCheckTimes {
  /** Time from the end of one check to the start of the next, as a Go duration. @default "2s" */
  readonly interval?: string;
  /** How long an answer may take, as a Go duration. @default "3s" - on one processor an answer may take 2s while a container starts beside it */
  readonly timeout?: string;
  /** Number of bad answers in a row until the check is critical. @default 2 - a single slow answer is no failure */
  readonly failuresBeforeCritical?: number;
}

/** Options of an HTTP check. */
export interface AgentHttpCheckOptions extends AgentCheckTimes {
  /** Port that is checked, 1 to 65535. @default - the service's own port */
  readonly port?: number;
}

/** Properties of a service that its machine's agent registers. */
export interface AgentServiceProps {
  /** The machine that serves it. Its agent registers and checks the service. */
  readonly machine: IMachine;
  /** The datacenter of the machine's agent. A machine without an agent gets one. */
  readonly consul: IConsulCluster;
  /** Port of the service, 1 to 65535. */
  readonly port: number;
  /** Name in Consul. @default - the construct's id */
  readonly name?: string;
  /** Health checks, at least one. @default - an http check of `/` every two seconds */
  readonly checks?: readonly AgentCheck[];
  /** Tags in the catalog. @default - none */
  readonly tags?: readonly string[];
  /** Metadata in the catalog. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
}

/**
 * A service that does not register itself, such as a web server from cloud-init. Its machine's own agent registers **and checks**
 * it. It is live content: a new check interval replaces no machine.
 *
 * The agent owns what it registers. It would remove a `consul_service` of Terraform on the same machine within a minute
 * (anti-entropy), and no agent would run that service's checks.
 */
export class AgentService extends Construct {
  /** Whether it is an agent's service, of any copy of this package. */
  static isAgentService(x: unknown): x is AgentService {
    return isMarked(x, "AgentService");
  }

  /** Its name in Consul. */
  readonly name: string;
  /** Id of the service in the machine's agent: `consul maint -enable -service=ID`. */
  readonly serviceId: string;
  /** The machine that serves it. */
  readonly machine: IMachine;
  /** Port of the service. */
  readonly port: number;
  /** File on the machine with the token that may register it. @default - Consul wants none @internal */
  readonly _tokenFile?: string;

  constructor(scope: Construct, id: string, props: AgentServiceProps) {
    super(scope, id);
    mark(this, "AgentService");
    const { machine, port, tags, meta, checks = [AgentCheck.http()] } = props;
    this.name = props.name ?? id;
    this.machine = machine;
    this.port = port;
    this.serviceId = `${this.name}-${port}`;
    const validation = new Validation(this);
    validateService(validation, this.name, meta);
    validation.integer("port", port, 1, 65535, "give the port that it listens on");
    validation.require(checks.length > 0, {
      property: "checks",
      rule: "must hold at least one check",
      cure: "leave it out for an http check of '/'",
    });
    announceService(this, this.name);
    if (!validation.passes()) return;
    // Consul knows no protocol, and directors say it of the virtual service only.
    for (const protocol of ["tcp", "udp"] as const)
      announceUse(machine, { protocol, port, users: () => followersOf(this.node.root, this.name) });

    props.consul.ensureAgent(this, machine);
    const { serviceId } = this;
    const access = props.consul._security?.access;
    const token = access
      ?.grant(`service-${serviceId}-${machine.name}`, () => [serviceRule(this.name)])
      .valueIn(machine);
    if (token !== undefined) this._tokenFile = `${TOKENS}/service-${serviceId}`;
    const content = renderServiceDefinition({
      id: serviceId,
      name: this.name,
      address: machine.address,
      port,
      tags,
      meta,
      token,
      checks: checks.map((check) => check._render(machine.address, port)),
    });
    const reloads = "consul.service";
    machine.contribute(this, {
      title: `${this.name} on ${port}`,
      ...(token === undefined
        ? {
            beforeRemoval: { withdraw: [maintenance(serviceId, true)] },
            // A host that exists keeps the agent's state when it is set up again.
            ready: [maintenance(serviceId, false)],
            liveFiles: [{ path: `/etc/consul.d/service-${serviceId}.json`, reloads, content }],
          }
        : {
            beforeRemoval: {
              withdraw: [maintenance(serviceId, true, `${TOKENS}/service-${serviceId}`)],
              stop: [forgetMaintenance(serviceId)],
            },
            secrets: [
              { path: `${ARRIVAL}/service-${serviceId}.json`, reloads, content },
              { path: `${TOKENS}/service-${serviceId}`, reloads, content: token },
            ],
          }),
    });
  }
}

/** @see https://developer.hashicorp.com/consul/api-docs/agent/service#enable-maintenance-mode */
function maintenance(serviceId: string, enable: boolean, token?: string): string {
  const url = `http://${LOCAL_CONSUL}/v1/agent/service/maintenance/${serviceId}?enable=${String(enable)}`;
  const ask = `curl --fail --silent --show-error --max-time 10 --request PUT '${url}'`;
  return token === undefined ? ask : `{ printf 'X-Consul-Token: '; cat ${token}; } | ${ask} --header @-`;
}

/** A host that exists keeps the agent's state when it is set up again, where the token for the opposite comes too late. */
function forgetMaintenance(serviceId: string): string {
  return `grep --files-with-matches --no-messages '_service_maintenance:${serviceId}"' /var/lib/consul/checks/* | xargs --no-run-if-empty rm`;
}

function withDefaults(times: AgentCheckTimes): Omit<CheckDefinition, "http" | "tcp"> {
  const { interval = "2s", timeout = "3s", failuresBeforeCritical = 2 } = times;
  return { interval, timeout, failures_before_critical: failuresBeforeCritical };
}

/** A check as the agent's configuration knows it. */
interface CheckDefinition {
  readonly http?: string;
  readonly tcp?: string;
  readonly interval: string;
  readonly timeout: string;
  readonly failures_before_critical: number;
}

/** A service as the agent's configuration knows it. */
interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly checks: readonly CheckDefinition[];
}

/**
 * A file of the agent's configuration folder that registers one service.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/service
 */
function renderServiceDefinition({ checks, ...service }: ServiceDefinition): string {
  const named = checks.map((check, index) => ({
    id: `${service.id}-${index + 1}`,
    name: check.http ?? `tcp ${check.tcp ?? ""}`,
    ...check,
  }));
  return `${JSON.stringify({ service: { ...service, checks: named } }, null, 2)}\n`;
}
