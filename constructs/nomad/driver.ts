import { allRendered, ApiObject, copied, defined, listed } from "./api";
import { escapeDriverConfig } from "./render/driver-config";

/**
 * Settings of the docker driver. `config` takes all others, with the driver's own names.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-declare/task-driver/docker
 */
export interface DockerOptions {
  /** Image reference, as for `docker pull`: `nginx:stable`. */
  readonly image: string;
  /** Program and its fixed arguments in the image. @default - the image's own */
  readonly command?: string;
  /** Arguments, which may refer to Nomad's variables: `${NOMAD_PORT_www}`. @default - the image's own */
  readonly args?: readonly string[];
  /** Replaces the image's entrypoint. @default - the image's own */
  readonly entrypoint?: readonly string[];
  /**
   * Labels of the group's ports that are published to the container.
   *
   * @default - all ports of the group, if it has one docker task and neither group nor task has a network mode
   */
  readonly ports?: readonly string[];
  /** Mounts as `HOST:CONTAINER`. Relative host paths are in the task's folder: `local/html:/usr/share/nginx/html`. @default - none */
  readonly volumes?: readonly string[];
  /** Docker's network mode, for example `host`. @default - the client's default, `bridge` */
  readonly networkMode?: string;
  /** Labels of the container. @default - Docker's */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Whether an init runs as the container's first process, passes signals on, and ends at SIGTERM. The kernel ignores SIGTERM
   * for a first process without a handler for it, such as busybox's httpd and most shells. Without an init each of their stops
   * takes the whole `killTimeout`.
   *
   * @default false - Docker's
   */
  readonly init?: boolean;
  /** Whether the container has all privileges of the host. @default false */
  readonly privileged?: boolean;
  /** Whether the image is pulled even if the client has it. @default false */
  readonly forcePull?: boolean;
  /** Other settings, with the driver's own names: `{ cap_add: ["net_raw"] }`. @default - none */
  readonly config?: ApiObject;
}

/**
 * A program in its own chroot (exec), or without isolation as the client's user (raw_exec).
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-declare/task-driver/exec
 */
export interface CommandOptions {
  /** Program on the client, or from an artifact: `local/server`. */
  readonly command: string;
  /** Arguments, which may refer to Nomad's variables: `${NOMAD_PORT_www}`. @default - none */
  readonly args?: readonly string[];
  /** Other settings, with the driver's own names. @default - none */
  readonly config?: ApiObject;
}

/** A driver without typed settings. */
export interface OtherDriver {
  /** Name of the driver: `java`, `qemu`, `podman`. */
  readonly name: string;
  /** Settings with the driver's own names. */
  readonly config: ApiObject;
}

/** Driver of a task: exactly one property. */
export interface DriverOptions {
  /** A container. @default - another driver */
  readonly docker?: DockerOptions;
  /** A program in its own chroot. @default - another driver */
  readonly exec?: CommandOptions;
  /** A program without isolation. @default - another driver */
  readonly rawExec?: CommandOptions;
  /** A driver without typed settings. @default - another driver */
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
