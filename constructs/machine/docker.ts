import { Construct } from "constructs";
import type { IMachine } from "./machine";

export interface DockerEngineProps {
  readonly machine: IMachine;
  /** A mirror of Docker Hub, tried first: `http://10.0.0.1:5000`. @default - what the machine's backend offers, else none */
  readonly registryMirror?: string;
}

/**
 * Docker, as Debian packages it. Its configuration is there before the package, so the first start already has it.
 *
 * @see https://docs.docker.com/reference/cli/dockerd/
 */
export class DockerEngine extends Construct {
  constructor(scope: Construct, id: string, props: DockerEngineProps) {
    super(scope, id);
    const mirror = props.registryMirror ?? props.machine.registryMirror;
    const settings = mirror === undefined ? {} : { "registry-mirrors": [mirror] };
    props.machine.contribute(this, {
      title: "Docker",
      packages: ["docker.io"],
      files: [{ path: "/etc/docker/daemon.json", content: `${JSON.stringify(settings, null, 2)}\n` }],
      units: [{ name: "docker.service" }],
      ready: [{ check: "docker info >/dev/null 2>&1", seconds: 120 }],
    });
  }
}
