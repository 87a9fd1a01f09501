import { allRendered, ApiCheck, defined } from "./api";
import { nanoseconds } from "../private/duration";
import type { JobValidation } from "./shape";

/** Properties of every check. */
export interface CheckOptions {
  /** Time from the end of one check to the start of the next, a Go duration of at least 1s. @default "2s" */
  readonly interval?: string;
  /** Time limit for an answer, a Go duration of at least 1s. @default "3s" - on a client with one processor an answer may take 2s while a container starts */
  readonly timeout?: string;
  /** Name in Consul. @default - Nomad's: `service: "NAME" check` */
  readonly name?: string;
  /** Label of the port that is checked. @default - the service's port */
  readonly port?: string;
  /** Address that is checked. @default - the service's */
  readonly addressMode?: "host" | "alloc" | "driver";
  /**
   * Status until the first check. With "passing", the catalog has an instance before it listens.
   *
   * @default - "critical", Consul's
   */
  readonly initialStatus?: "passing" | "warning" | "critical";
  /** Number of good answers in a row until the check passes. For http, tcp and grpc with Consul. @default 0 - Nomad's: the first one */
  readonly successBeforePassing?: number;
  /**
   * Number of bad answers in a row until the check is critical. For http, tcp and grpc with Consul. 0 and 1 mean the first one.
   *
   * @default 2 - a single slow answer is no failure; Nomad's own default where it can't be set
   */
  readonly failuresBeforeCritical?: number;
  /** Restarts the task when the check stays bad. @default - never */
  readonly checkRestart?: CheckRestart;
}

/**
 * Restart of a task whose check stays bad.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/check_restart
 */
export interface CheckRestart {
  /** Number of bad checks in a row after which the task is restarted. */
  readonly limit: number;
  /** Time after the start of the task in which checks don't count. @default "1s" - Nomad's */
  readonly grace?: string;
  /** Whether the status warning does not count as bad. @default false */
  readonly ignoreWarnings?: boolean;
}

/** Options of an HTTP check. */
export interface HttpCheckOptions extends CheckOptions {
  /** Path of the request, with a leading slash. Status 2xx is good, 429 a warning. @default "/" */
  readonly path?: string;
  /** Protocol of the request. @default "http" */
  readonly protocol?: "http" | "https";
  /** Method of the request. @default "GET" */
  readonly method?: string;
  /** Body of the request. @default - none */
  readonly body?: string;
  /** Headers of the request. @default - none */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /** Server name in the TLS handshake. @default - the address */
  readonly tlsServerName?: string;
  /** Whether the certificate is not verified. @default false */
  readonly tlsSkipVerify?: boolean;
}

/** Options of a gRPC check. */
export interface GrpcCheckOptions extends CheckOptions {
  /** gRPC service whose health is asked for. @default - the server as a whole */
  readonly service?: string;
  /** Whether the request uses TLS. @default false */
  readonly useTls?: boolean;
}

/** Options of a check by a program in the task. */
export interface ScriptCheckOptions extends CheckOptions {
  /** Program in the task. Exit code 0 is good, 1 a warning. */
  readonly command: string;
  /** Arguments of the program. @default - none */
  readonly args?: readonly string[];
  /** Task that the program runs in. @default - the group's only task */
  readonly task?: string;
}

const DEFAULT_INTERVAL = "2s";
const DEFAULT_TIMEOUT = "3s";
const DEFAULT_FAILURES = 2;

/**
 * Health check of a service's instances.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/check
 */
export class Check {
  /** HTTP request that must be answered with 2xx. */
  static http(options: HttpCheckOptions = {}): Check {
    const { path = "/", protocol, method, body, headers, tlsServerName, tlsSkipVerify, ...common } = options;
    return new Check("http", common, {
      Path: path,
      Protocol: protocol,
      Method: method,
      Body: body,
      Header: headers && Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]])),
      TLSServerName: tlsServerName,
      TLSSkipVerify: tlsSkipVerify,
    });
  }

  /** TCP connection that must be accepted. */
  static tcp(options: CheckOptions = {}): Check {
    return new Check("tcp", options, {});
  }

  /** Request of gRPC's health protocol. */
  static grpc({ service, useTls, ...common }: GrpcCheckOptions = {}): Check {
    return new Check("grpc", common, { GRPCService: service, GRPCUseTLS: useTls });
  }

  /** A program that Nomad runs in the task. */
  static script({ command, args, task, ...common }: ScriptCheckOptions): Check {
    return new Check("script", common, { Command: command, Args: args && [...args], TaskName: task });
  }

  private constructor(
    readonly type: "http" | "tcp" | "grpc" | "script",
    private readonly options: CheckOptions,
    private readonly particular: Partial<ApiCheck>,
  ) {}

  /** Label of the port that is checked. @default - the service's */
  get port(): string | undefined {
    return this.options.port;
  }

  /** Number of bad answers in a row that make the check critical, 1 or more. */
  get failures(): number {
    return this.counts ? Math.max(1, this.options.failuresBeforeCritical ?? DEFAULT_FAILURES) : 1;
  }

  /** Time from the end of one check to the start of the next, as a Go duration. */
  get interval(): string {
    return this.options.interval ?? DEFAULT_INTERVAL;
  }

  /** Time limit for an answer, as a Go duration. */
  get timeout(): string {
    return this.options.timeout ?? DEFAULT_TIMEOUT;
  }

  /** Whether Nomad takes thresholds for it: a script's result is reported as it is. */
  private get counts(): boolean {
    return this.type !== "script";
  }

  /** What a script check names. @internal */
  get _script(): Pick<ApiCheck, "TaskName"> {
    return this.particular;
  }

  /** @internal @param onlyTask where a script without a task is run @param provider who runs the check */
  _render(onlyTask: string | undefined, provider: "consul" | "nomad"): ApiCheck {
    const { interval, timeout, name, port, addressMode, initialStatus, checkRestart, ...more } = this.options;
    const { successBeforePassing, failuresBeforeCritical, ...rest } = more;
    allRendered(rest);
    return defined({
      Name: name,
      Type: this.type,
      PortLabel: port,
      Interval: nanoseconds(interval ?? DEFAULT_INTERVAL),
      Timeout: nanoseconds(timeout ?? DEFAULT_TIMEOUT),
      AddressMode: addressMode,
      InitialStatus: initialStatus,
      SuccessBeforePassing: successBeforePassing,
      FailuresBeforeCritical:
        failuresBeforeCritical ?? (this.counts && provider === "consul" ? DEFAULT_FAILURES : undefined),
      CheckRestart:
        checkRestart &&
        defined({
          Limit: checkRestart.limit,
          Grace: nanoseconds(checkRestart.grace),
          IgnoreWarnings: checkRestart.ignoreWarnings,
        }),
      ...defined(this.particular),
      ...(this.type === "script" && { TaskName: this.particular.TaskName ?? onlyTask }),
    });
  }

  /** @internal @param at the check itself: `groups.web.services[0].checks[0]` @param provider who runs the check */
  _validate(validation: JobValidation, at: string, provider: "consul" | "nomad"): void {
    const { successBeforePassing, failuresBeforeCritical, checkRestart } = this.options;
    for (const [name, value] of Object.entries({ successBeforePassing, failuresBeforeCritical })) {
      const property = `${at}.${name}`;
      if (value === undefined) continue;
      if (provider === "nomad")
        validation.refuse(true, property, "provider 'nomad', whose checks have no thresholds", value);
      else if (!this.counts)
        validation.refuse(true, property, "Check.script, whose result Nomad reports as it is", value);
      else
        validation.require(Number.isInteger(value) && value >= 0, {
          property,
          rule: "must be a whole number, 0 or more",
          got: value,
          cure: "2 is usual",
        });
    }
    validation.duration(`${at}.interval`, this.interval, "1s");
    validation.duration(`${at}.timeout`, this.timeout, "1s");
    validation.duration(`${at}.checkRestart.grace`, checkRestart?.grace);
    const { Path: path } = this.particular;
    validation.require(path === undefined || path.startsWith("/"), {
      property: `${at}.path`,
      rule: "must start with '/'",
      got: path,
      cure: `write '/${(path ?? "").replace(/^https?:\/\/[^/]*\//, "")}'; host and port come from the service`,
    });
  }
}
