import { Failure } from "../private/failure";
import { durationFailures, nanoseconds, secondsOf } from "./job-duration";
import { ApiCheck, defined } from "./job-specification";

/** What every check may have. */
export interface CheckOptions {
  /** Between two of them, at least 1s. @default "2s" */
  readonly interval?: string;
  /** For an answer, at least 1s. @default "1s" */
  readonly timeout?: string;
  /** As Consul lists it. @default - Nomad's: `service: "NAME" check` */
  readonly name?: string;
  /** A label of another port of the group. @default - the service's port */
  readonly port?: string;
  /** The address that is asked. @default - as the service's */
  readonly addressMode?: "host" | "alloc" | "driver";
  /** Until the first one. @default - critical */
  readonly initialStatus?: "passing" | "warning" | "critical";
  /** Good ones in a row before it passes. @default 0 - Nomad's: the first one */
  readonly successBeforePassing?: number;
  /** Further bad ones in a row before it is critical. @default 0 - Nomad's: the first one */
  readonly failuresBeforeCritical?: number;
  /** Restarts the task where the check stays bad. @default - never */
  readonly checkRestart?: CheckRestart;
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/check_restart */
export interface CheckRestart {
  /** Bad checks in a row. */
  readonly limit: number;
  /** Time to start before they count. @default "1s" - Nomad's */
  readonly grace?: string;
  /** @default false */
  readonly ignoreWarnings?: boolean;
}

export interface HttpCheckOptions extends CheckOptions {
  /** Starts with a slash. A status of 2xx is good, 429 a warning. @default "/" */
  readonly path?: string;
  /** @default "http" */
  readonly protocol?: "http" | "https";
  /** @default "GET" */
  readonly method?: string;
  /** @default - none */
  readonly body?: string;
  /** @default - none */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /** @default - the address */
  readonly tlsServerName?: string;
  /** Whether any certificate will do. @default false */
  readonly tlsSkipVerify?: boolean;
}

export interface GrpcCheckOptions extends CheckOptions {
  /** The service that is asked for. @default - the server as a whole */
  readonly service?: string;
  /** @default false */
  readonly useTls?: boolean;
}

export interface ScriptCheckOptions extends CheckOptions {
  /** A program in the task. Exit code 0 is good, 1 a warning. */
  readonly command: string;
  /** @default - none */
  readonly args?: readonly string[];
  /** The task that it is run in. @default - the group's only one */
  readonly task?: string;
}

/**
 * How Consul finds out whether an instance answers.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/check
 */
export class Check {
  /** A request that must be answered with 2xx. */
  static http(options: HttpCheckOptions = {}): Check {
    const { headers } = options;
    return new Check("http", options, {
      Path: options.path ?? "/",
      Protocol: options.protocol,
      Method: options.method,
      Body: options.body,
      Header: headers && Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]])),
      TLSServerName: options.tlsServerName,
      TLSSkipVerify: options.tlsSkipVerify,
    });
  }

  /** A connection that must be accepted. */
  static tcp(options: CheckOptions = {}): Check {
    return new Check("tcp", options, {});
  }

  /** gRPC's own health protocol. */
  static grpc(options: GrpcCheckOptions = {}): Check {
    return new Check("grpc", options, { GRPCService: options.service, GRPCUseTLS: options.useTls });
  }

  /** A program that Nomad runs in the task. */
  static script(options: ScriptCheckOptions): Check {
    const { command, args, task } = options;
    return new Check("script", options, { Command: command, Args: args && [...args], TaskName: task });
  }

  private constructor(
    readonly type: "http" | "tcp" | "grpc" | "script",
    private readonly options: CheckOptions,
    private readonly particular: Partial<ApiCheck>,
  ) {}

  /** The label of its own port. @default - the service's */
  get port(): string | undefined {
    return this.options.port;
  }

  /** Seconds until it notices a change, at worst. */
  get lag(): number {
    const { failuresBeforeCritical = 0 } = this.options;
    return secondsOf(this.interval) * (1 + failuresBeforeCritical) + secondsOf(this.timeout);
  }

  /** Text, as given. */
  get interval(): string {
    return this.options.interval ?? "2s";
  }

  get timeout(): string {
    return this.options.timeout ?? "1s";
  }

  /** What a script check names. @internal */
  get _script(): Pick<ApiCheck, "TaskName"> {
    return this.particular;
  }

  /** @internal @param onlyTask where a script without a task is run */
  _render(onlyTask: string | undefined): ApiCheck {
    const { name, port, addressMode, initialStatus, successBeforePassing, failuresBeforeCritical, checkRestart } =
      this.options;
    return defined({
      Name: name,
      Type: this.type,
      PortLabel: port,
      Interval: nanoseconds(this.interval),
      Timeout: nanoseconds(this.timeout),
      AddressMode: addressMode,
      InitialStatus: initialStatus,
      SuccessBeforePassing: successBeforePassing,
      FailuresBeforeCritical: failuresBeforeCritical,
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

  /** @internal @param at where the caller wrote it: `services[0].checks[0]` */
  _failures(at: string): Failure[] {
    const { Path: path } = this.particular;
    return [
      ...durationFailures({ [`${at}.interval`]: this.interval, [`${at}.timeout`]: this.timeout }, 1),
      ...durationFailures({ [`${at}.checkRestart.grace`]: this.options.checkRestart?.grace }),
      ...(path === undefined || path.startsWith("/")
        ? []
        : [
            {
              property: `${at}.path`,
              rule: "must start with '/'",
              got: path,
              cure: `write '/${path.replace(/^https?:\/\/[^/]*\//, "")}'; host and port come from the service`,
            },
          ]),
    ];
  }
}
