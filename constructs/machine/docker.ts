import { Construct } from "constructs";
import type { IMachine } from "./machine";

export interface DockerEngineProps {
  readonly machine: IMachine;
  /** A mirror of Docker Hub, tried first: `http://10.0.0.1:5000`. @default - what the machine's backend offers, else none */
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
 * Docker, as Debian packages it. Its configuration is there before the package, so the first start already has it. Containers
 * are in a systemd slice of their own, `containers.slice`, unless what starts one chooses another.
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
      packages: ["docker.io"],
      files: [
        {
          path: `/etc/systemd/system/${SLICE}`,
          content: `[Unit]\nDescription=Containers\n\n[Slice]\nCPUWeight=${CPU_WEIGHT}\n`,
        },
        { path: "/etc/docker/daemon.json", content: `${JSON.stringify(settings, null, 2)}\n` },
      ],
      units: [{ name: "docker.service" }],
      ready: [{ check: "docker info >/dev/null 2>&1", seconds: 120 }],
    });
  }
}
