import { allRendered, ApiObject, copied, defined, listed } from "./api";
import { escapeDriverConfig } from "./render/driver-config";

/**
 * The docker driver's common settings; `config` takes all others in the driver's own names.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-declare/task-driver/docker
 */
export interface DockerOptions {
  /** As in `docker pull`: `nginx:stable`. */
  readonly image: string;
  /** @default - the image's own */
  readonly command?: string;
  /** Nomad's variables are put in: `${NOMAD_PORT_www}`. @default - the image's own */
  readonly args?: readonly string[];
  /** In place of the image's own. @default - the image's own */
  readonly entrypoint?: readonly string[];
  /**
   * Labels of the group's ports that are published to the task.
   *
   * @default - all of the group's, where it has one docker task and neither it nor the task has a network mode
   */
  readonly ports?: readonly string[];
  /** `HOST:CONTAINER`, relative host paths are the task's folder: `local/html:/usr/share/nginx/html`. @default - none */
  readonly volumes?: readonly string[];
  /** For example `host`. @default - the client's default, `bridge` */
  readonly networkMode?: string;
  /** @default - Docker's */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Whether an init runs as the container's first process: it passes signals on, and ends at SIGTERM. The kernel ignores
   * SIGTERM for a first process that does not ask for it, as busybox's httpd and most shells don't: each stop of these takes
   * the whole `killTimeout`.
   *
   * @default false - Docker's
   */
  readonly init?: boolean;
  /** @default false */
  readonly privileged?: boolean;
  /** Pull even where the image is there. @default false */
  readonly forcePull?: boolean;
  /** Anything else, in the driver's names: `{ cap_add: ["net_raw"] }`. @default - nothing */
  readonly config?: ApiObject;
}

/**
 * A program in a chroot of its own (exec), or one run as the client runs itself (raw_exec).
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-declare/task-driver/exec
 */
export interface CommandOptions {
  /** A program on the client, or one that an artifact brings: `local/server`. */
  readonly command: string;
  /** Nomad's variables are put in: `${NOMAD_PORT_www}`. @default - none */
  readonly args?: readonly string[];
  /** Anything else, in the driver's names. @default - nothing */
  readonly config?: ApiObject;
}

/** A driver that has no typed settings here. */
export interface OtherDriver {
  /** For example `java`, `qemu`, `podman`. */
  readonly name: string;
  /** In the driver's names. */
  readonly config: ApiObject;
}

/** How a task is run: exactly one of them. */
export interface DriverOptions {
  readonly docker?: DockerOptions;
  readonly exec?: CommandOptions;
  readonly rawExec?: CommandOptions;
  readonly driver?: OtherDriver;
}

/** The drivers that were named. */
export function driversOf(task: DriverOptions): string[] {
  return (["docker", "exec", "rawExec", "driver"] as const).filter((name) => task[name] !== undefined);
}

/**
 * @param publish labels of ports for a docker task that names none
 * @param env names of the task's environment, which its driver's configuration may refer to
 */
export function renderDriver(
  task: DriverOptions,
  publish: readonly string[],
  env: ReadonlySet<string>,
): { Driver: string; Config: ApiObject } {
  const { Driver, Config } = writtenDriver(task, publish);
  return { Driver, Config: escapeDriverConfig(Config, env) };
}

function writtenDriver(task: DriverOptions, publish: readonly string[]): { Driver: string; Config: ApiObject } {
  const { docker, exec, rawExec, driver } = task;
  if (docker !== undefined) return { Driver: "docker", Config: renderDocker(docker, publish) };
  if (exec !== undefined) return { Driver: "exec", Config: renderCommand(exec) };
  if (rawExec !== undefined) return { Driver: "raw_exec", Config: renderCommand(rawExec) };
  if (driver !== undefined) return { Driver: driver.name, Config: driver.config };
  throw new Error("assumption broken: validateTask refuses a task without a driver");
}

function renderDocker(docker: DockerOptions, publish: readonly string[]): ApiObject {
  const { image, command, args, entrypoint, ports, volumes, networkMode, labels, ...more } = docker;
  const { init, privileged, forcePull, config, ...rest } = more;
  allRendered(rest);
  return defined({
    image,
    entrypoint,
    command,
    args,
    ports: ports ?? listed(publish, (label) => label),
    volumes,
    network_mode: networkMode,
    // HCL makes a list of each block of the driver's configuration, and so has the API's JSON to.
    labels: labels && [copied(labels)],
    init,
    privileged,
    force_pull: forcePull,
    ...config,
  });
}

function renderCommand({ command, args, config, ...rest }: CommandOptions): ApiObject {
  allRendered(rest);
  return defined({ command, args, ...config });
}
