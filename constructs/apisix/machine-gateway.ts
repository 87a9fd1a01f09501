import { Construct } from "constructs";
import { Installation, Installed } from "../agents";
import {
  AgentCheck,
  AgentService,
  CONSUL_STANZA,
  CONSUL_TEMPLATE_MEMORY,
  consulTemplateFor,
  consulTemplateTokenText,
  consulTemplateUnit,
  gatewayRules,
  IConsulCluster,
  lockRules,
  TOKENS,
} from "../consul";
import {
  Contribution,
  DockerEngine,
  IMachine,
  LiveFile,
  PROGRAM_FOLDER,
  SecretFile,
  TRACKED_CONNECTIONS,
  Unit,
} from "../machine";
import { Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { isRefused, Validation } from "../private/validation";
import { GatewayBase } from "./gateway-base";
import { clientFailures, gatewayMemory, gatewayPorts, lowPorts } from "./gateway-ports";
import { allSecrets, GatewayOptions, GatewaySettings } from "./gateway-settings";
import {
  CONSUL_TOKEN,
  consulTokenHook,
  GatewayHost,
  renderGatewayConfig,
  WHEN_EMPTY,
  whenEmptyHook,
} from "./render/config";
import { confinedService, confinedWay, GatewayTokens, turnUnitText } from "./render/confined";
import { DOCUMENT_WAIT, renderDocumentTemplate, without } from "./render/document";
import { IN_CONTAINER, machineGatewayFolders } from "./render/folders";
import { lockOf, openWay, renderGatewayUnit, renderRunScript, turnUnitOf, unitOf } from "./render/run";
import { renderStartScript } from "./render/start";

/** Properties of a gateway on machines. */
export interface MachineGatewayProps extends GatewayOptions {
  /** Machines on which it runs, one instance each. With two machines the gateway survives a power cut of one. */
  readonly machines: readonly IMachine[];
  /** Consul cluster of its upstreams and routes. Each machine gets a local agent. */
  readonly consul: IConsulCluster;
  /**
   * Addresses and networks that may open connections to `httpPort`, `httpsPort` and `streamPorts`, IPv4 and IPv6: `["10.8.0.0/16"]`. Directors in
   * front that take the client's place (SNAT) and the machines of the Consul cluster always may; an empty list is for these alone. Who comes
   * through such a director is limited by `clients` of its virtual service. Only with {@link AgentProfile.PRODUCTION}, whose machines have a
   * {@link Firewall}. Open TCP connections survive a change. UDP ports have to be below 32768.
   *
   * @default - any source; `httpPort`: the directors in front and the cluster, where all of them use SNAT
   */
  readonly clients?: readonly string[];
  /** Installation of consul-template. @default - that of the Consul cluster, else the one that the machine's backend offers */
  readonly consulTemplate?: Installation;
}

/**
 * APISIX as a container on machines, without Nomad. systemd starts it, consul-template writes its routes from Consul's key/value store, and
 * the machine's Consul agent checks that it has them.
 *
 * A change of a route reaches the running gateway within five seconds. A change of its own settings reloads it. Another image, more
 * memory or another secret replaces the container, one machine after the other.
 *
 * In a Consul cluster with `AgentProfile.PRODUCTION` it has tokens of its own, which read its folder and register its service. Its container
 * then has no root, no capabilities and a read-only image.
 *
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/
 */
export class MachineGateway extends GatewayBase {
  /** Whether something is a gateway on machines. */
  static isMachineGateway(x: unknown): x is MachineGateway {
    return isMarked(x, "MachineGateway");
  }

  /** Machines on which it runs. */
  override readonly machines: readonly IMachine[];

  constructor(scope: Construct, id: string, props: MachineGatewayProps) {
    super(scope, id, props.consul, props, machineFailures(props));
    mark(this, "MachineGateway");
    this.machines = props.machines;
    if (isRefused(this)) return;
    for (const machine of props.machines) this.install(machine, props);
  }

  /** Shell command that succeeds once the machine has its new container; containers are replaced one machine at a time. */
  override get settled(): string {
    return `! systemctl is-active --quiet ${turnUnitOf(this.name)}`;
  }

  private install(machine: IMachine, { consul, consulTemplate: asked, clients }: MachineGatewayProps): void {
    const validation = new Validation(this);
    const consulTemplate = consulTemplateFor(machine, consul, asked);
    if (Array.isArray(consulTemplate)) validation.add(...consulTemplate);
    if (!validation.passes() || Array.isArray(consulTemplate)) return;

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
    const access = this.accessOn(machine, consul, registered);
    const folders = access === undefined ? without(IN_CONTAINER, "secrets", "token") : IN_CONTAINER;
    machine.contribute(this, () =>
      machineGatewayContribution({
        settings: this.settings,
        host: this.hostAt(machine.address, folders, this.clientsHttpsPort),
        service: registered.serviceId,
        access,
        from: this.openTo(clients, machine),
        documents: this.documents,
        consulTemplate,
        secrets: allSecrets(this.options),
      }),
    );
  }

  private accessOn(machine: IMachine, consul: IConsulCluster, { _tokenFile }: AgentService): Access | undefined {
    const access = consul._security?.access;
    if (access === undefined || _tokenFile === undefined) return undefined;
    const { name } = this;
    const folder = this.options.admin === undefined ? `${this.documents}/` : undefined;
    return {
      reading: access.grant(`gateway-${name}-${machine.name}`, () => gatewayRules(folder)).valueIn(machine),
      turn: access
        .grant(`turn-${name}-${machine.name}`, () => lockRules(machine.name, `${lockOf(name)}/`))
        .valueIn(machine),
      files: { reading: `${TOKENS}/gateway-${name}`, turn: `${TOKENS}/turn-${name}`, service: _tokenFile },
    };
  }
}

function machineFailures({ machines, clients, consul, streamPorts }: MachineGatewayProps): Failure[] {
  const limits = clientFailures("clients", clients, consul._security !== undefined, streamPorts?.udp);
  if (machines.length > 0) return limits;
  return [
    { property: "machines", rule: "must hold at least one", cure: "give the machines on which it runs" },
    ...limits,
  ];
}

/** What a gateway has for Consul on one of its machines, where Consul wants it. */
interface Access {
  /** Token that reads its folder and services. */
  readonly reading: string;
  /** Token for the lock while it is started anew. */
  readonly turn: string;
  readonly files: GatewayTokens;
}

/** A gateway as one of its machines sees it. */
interface MachineGatewaySpec {
  readonly settings: GatewaySettings;
  readonly host: GatewayHost;
  /** Its id at the machine's Consul agent. */
  readonly service: string;
  /** Its folder in Consul's key/value store. */
  readonly documents: string;
  /** @default - Consul wants no token */
  readonly access?: Access;
  /** Who may connect to its ports for clients. @default - any source */
  readonly from?: readonly string[];
  readonly consulTemplate: Installed;
  /** Name to secret. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Everything that a gateway brings one of its machines. */
function machineGatewayContribution(spec: MachineGatewaySpec): Contribution {
  const { settings, host, consulTemplate, access } = spec;
  const { name, admin } = settings;
  const folders = machineGatewayFolders(name);
  const unit = unitOf(name);
  const program = `${PROGRAM_FOLDER}/gateway-${name}`;
  const templates = admin === undefined ? documentTemplates(spec) : undefined;
  const way =
    access === undefined ? openWay(settings, spec.service) : confinedWay(settings, spec.service, access.files);
  const confined = access && { needs: access.files.reading, service: confinedService(name) };
  return {
    title: `APISIX gateway ${name}`,
    memoryMiB: gatewayMemory(settings) + (admin === undefined ? CONSUL_TEMPLATE_MEMORY : 0),
    ...(templates === undefined ? { downloads: [] } : consulTemplate.contribution),
    // Docker has every connection of its machine tracked.
    kernelModules: ["nf_conntrack"],
    sysctls: [TRACKED_CONNECTIONS, ...lowPorts(settings, host.virtualPorts)],
    units: [
      ...(templates?.units ?? []),
      // Its image may take minutes, and its secrets come after the first boot.
      { name: unit, content: renderGatewayUnit(name, program, confined), wait: false },
      ...(access === undefined
        ? []
        : [{ name: turnUnitOf(name), content: turnUnitText(name, program), enable: false }]),
    ],
    beforeRemoval: { stop: [`systemctl stop ${unit}`] },
    liveFiles: [
      // Live: another image or a further secret replaces the container, and not the machine with all others of its kind.
      { path: program, content: renderRunScript(settings, host.address, way), mode: "0755", reloads: unit },
      { path: `${folders.config}/config.yaml`, content: renderGatewayConfig(settings, host), reloads: unit },
      { path: `${folders.config}/${WHEN_EMPTY}`, content: whenEmptyHook(), reloads: unit },
      ...(access === undefined
        ? []
        : [{ path: `${folders.config}/${CONSUL_TOKEN}`, content: consulTokenHook(IN_CONTAINER.token), reloads: unit }]),
      {
        path: `${folders.config}/start`,
        content: renderStartScript(host.folders, admin !== undefined),
        reloads: unit,
      },
      ...(templates?.liveFiles ?? []),
    ],
    secrets: [
      ...Object.entries(spec.secrets).map(([secret, content]) => ({
        path: `${folders.secrets}/${secret}`,
        content,
        reloads: unit,
      })),
      ...(access === undefined ? [] : tokenFiles(access, unit)),
      ...(templates?.secrets ?? []),
    ],
    ports: gatewayPorts(settings, {
      virtualPorts: host.virtualPorts,
      privateStatus: access !== undefined,
      from: spec.from,
    }),
  };
}

function tokenFiles({ reading, turn, files }: Access, unit: string): SecretFile[] {
  return [
    { path: files.reading, content: reading, reloads: unit },
    { path: files.turn, content: turn, reloads: unit },
  ];
}

interface DocumentTemplates {
  readonly units: readonly Unit[];
  readonly liveFiles: readonly LiveFile[];
  readonly secrets: readonly SecretFile[];
}

function documentTemplates({
  settings: { name },
  documents,
  access,
  consulTemplate: { program },
}: MachineGatewaySpec): DocumentTemplates {
  const { document } = machineGatewayFolders(name);
  const config = `/etc/vipstack/gateway-${name}.hcl`;
  const token = access && `/etc/vipstack/secrets/consul-template/gateway-${name}.hcl`;
  const unit: Unit = {
    name: `vipstack-gateway-${name}-routes.service`,
    content: consulTemplateUnit({ program, writes: `the routes of gateway ${name}`, config, folder: document, token }),
    ...(access !== undefined && { wait: false }),
  };
  const content = `${CONSUL_STANZA}
template {
  destination = "${document}/apisix.yaml"
  contents    = <<EOT
${renderDocumentTemplate(documents)}EOT
  # The gateway's workers are no root. Nothing secret is in it.
  perms       = "0644"
  error_fatal = false
  wait {
    min = "${DOCUMENT_WAIT.min}"
    max = "${DOCUMENT_WAIT.max}"
  }
}
`;
  return {
    units: [unit],
    liveFiles: [{ path: config, content, reloads: unit.name }],
    secrets:
      access === undefined || token === undefined
        ? []
        : [{ path: token, content: consulTemplateTokenText(access.reading), reloads: unit.name }],
  };
}
