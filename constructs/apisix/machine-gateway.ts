import { Construct } from "constructs";
import { AgentCheck, AgentService, consulTemplateFor, IConsulCluster } from "../consul";
import { DockerEngine, IMachine, Software } from "../machine";
import { Validation } from "../private/validation";
import { GatewayBase } from "./gateway-base";
import { allSecrets, GatewayOptions } from "./gateway-options";
import { machineGatewayContribution } from "./machine-gateway-end";
import { IN_CONTAINER, turnUnitOf } from "./machine-gateway-text";

export interface MachineGatewayProps extends GatewayOptions {
  /** Each gets one instance; with two of them a power cut of either is survived. */
  readonly machines: readonly IMachine[];
  /** Where it looks for its upstreams, and where its routes are; each machine gets a local agent. */
  readonly consul: IConsulCluster;
  /** Where consul-template comes from: the program itself, or its `.zip` or `.tar.gz`. @default - what the machine's backend offers */
  readonly consulTemplate?: Software;
}

/**
 * APISIX as a container on machines that the program names, without Nomad: systemd starts it, consul-template writes its routes
 * from Consul's key/value store, and the machine's Consul agent checks whether it has them.
 *
 * A change of a route reaches the running gateway within five seconds. A change of its own settings reloads it. Another image, more
 * memory or another secret replaces the container, one machine after the other.
 *
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/
 */
export class MachineGateway extends GatewayBase {
  readonly machines: readonly IMachine[];

  constructor(scope: Construct, id: string, props: MachineGatewayProps) {
    super(scope, id, props.consul, props);
    this.machines = props.machines;
    const validation = new Validation(this);
    validation.require(props.machines.length > 0, {
      property: "machines",
      rule: "must hold at least one",
      cure: "give the machine that it is to run on",
    });
    validation.finish();
    for (const machine of props.machines) this.install(machine, props);
  }

  /** Another container comes one machine at a time. */
  override get settled(): string {
    return `! systemctl is-active --quiet ${turnUnitOf(this.name)}`;
  }

  private install(machine: IMachine, { consul, consulTemplate: asked }: MachineGatewayProps): void {
    const validation = new Validation(this);
    const consulTemplate = consulTemplateFor(machine, asked);
    if (Array.isArray(consulTemplate)) validation.add(...consulTemplate);
    validation.finish();
    if (Array.isArray(consulTemplate)) return;

    machine.wantImage(this.settings.image);
    new DockerEngine(this, `docker-${machine.name}`, { machine });
    const registered = new AgentService(this, machine.name, {
      machine,
      consul,
      name: this.name,
      port: this.settings.httpPort,
      // Not the port for clients: a gateway without routes answers there, too, with 404.
      checks: [AgentCheck.http("/status/ready", { port: this.settings.statusPort })],
    });
    machine.contribute(this, () =>
      machineGatewayContribution({
        settings: this.settings,
        place: this.place(machine.address, IN_CONTAINER, this.clientsHttpsPort),
        service: registered.serviceId,
        documents: this.documents,
        consulTemplate,
        secrets: allSecrets(this.options),
      }),
    );
  }
}
