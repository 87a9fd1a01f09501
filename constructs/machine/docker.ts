import { Construct } from "constructs";
import type { IMachine } from "./machine";

/** Properties of Docker on a machine. */
export interface DockerEngineProps {
  /** Machine on which Docker is installed. */
  readonly machine: IMachine;
  /** Mirror of Docker Hub, tried first: `http://10.0.0.1:5000`. @default - that of the machine's backend, if it has one */
  readonly registryMirror?: string;
}

/** Where systemd keeps the containers. */
const SLICE = "containers.slice";

/**
 * Their share of the processor while it is short, against 100 of all daemons together. Without a slice of their own each container
 * competes with Docker, Consul and Nomad one by one, by a weight that Docker makes of its CPU shares: 2 for a Nomad task of 50 MHz,
 * 100 for a daemon. While another container started on a client with one processor, requests waited up to 5 s.
 */
const CPU_WEIGHT = 1000;

/**
 * Docker from Debian's packages. Its configuration is written before the package is installed, so its first start uses it. Containers
 * run in the systemd slice `containers.slice`, unless another one is chosen when a container is started.
 *
 * @see https://docs.docker.com/reference/cli/dockerd/
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.resource-control.html
 */
export class DockerEngine extends Construct {
  constructor(scope: Construct, id: string, props: DockerEngineProps) {
    super(scope, id);
    const mirror = props.registryMirror ?? props.machine.registryMirror;
    const settings = { "cgroup-parent": SLICE, ...(mirror !== undefined && { "registry-mirrors": [mirror] }) };
    props.machine.contribute(this, {
      title: "Docker",
      // dockerd and containerd, without the containers.
      memoryMiB: 128,
      packages: ["docker.io"],
      files: [
        {
          path: `/etc/systemd/system/${SLICE}`,
          content: `[Unit]\nDescription=Containers\n\n[Slice]\nCPUWeight=${CPU_WEIGHT}\n`,
        },
        { path: "/etc/docker/daemon.json", content: `${JSON.stringify(settings, null, 2)}\n` },
      ],
      units: [{ name: "docker.service" }],
      ready: [{ check: "docker info >/dev/null 2>&1", timeout: "2m" }],
    });
  }
}
