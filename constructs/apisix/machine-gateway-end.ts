import { CONSUL_STANZA, consulTemplateDownload, consulTemplateUnit } from "../consul";
import { Contribution, PROGRAM_FOLDER, Software, TRACKED_CONNECTIONS, Unit } from "../machine";
import { GatewayPlace, renderGatewayConfig } from "./gateway-config-text";
import { lowPorts } from "./low-ports";
import { DOCUMENT_WAIT, renderDocumentTemplate } from "./gateway-document-text";
import { GatewaySettings } from "./gateway-options";
import { metricsAddress } from "./plugin-attributes";
import { renderStartScript } from "./gateway-start-text";
import { machineGatewayFolders, renderGatewayUnit, renderRunScript, unitOf } from "./machine-gateway-text";
import { WHEN_EMPTY, whenEmptyHook } from "./when-empty";

/** A gateway as one of its machines sees it. */
export interface MachineGatewaySpec {
  readonly settings: GatewaySettings;
  readonly place: GatewayPlace;
  /** Its id at the machine's Consul agent. */
  readonly service: string;
  /** Its folder in Consul's key/value store. */
  readonly documents: string;
  readonly consulTemplate: Software;
  /** Name to secret. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Everything that a gateway brings one of its machines. */
export function machineGatewayContribution(spec: MachineGatewaySpec): Contribution {
  const { settings, place, consulTemplate } = spec;
  const { name, admin } = settings;
  const folders = machineGatewayFolders(name);
  const unit = unitOf(name);
  const program = `${PROGRAM_FOLDER}/gateway-${name}`;
  const templates = admin === undefined ? documentTemplates(spec) : undefined;
  return {
    title: `APISIX gateway ${name}`,
    downloads: templates === undefined ? [] : [consulTemplateDownload(consulTemplate)],
    // Docker has every connection of its machine tracked.
    kernelModules: ["nf_conntrack"],
    sysctls: [TRACKED_CONNECTIONS, ...lowPorts(settings, place.virtualPorts)],
    units: [
      ...(templates?.units ?? []),
      // Its image may take minutes, and its secrets come after the first boot.
      { name: unit, content: renderGatewayUnit(name, program), wait: false },
    ],
    liveFiles: [
      // Live: another image or a further secret replaces the container, and not the machine with all others of its kind.
      { path: program, content: renderRunScript(settings, place.address, spec.service), mode: "0755", reloads: unit },
      { path: `${folders.config}/config.yaml`, content: renderGatewayConfig(settings, place), reloads: unit },
      { path: `${folders.config}/${WHEN_EMPTY}`, content: whenEmptyHook(), reloads: unit },
      {
        path: `${folders.config}/start`,
        content: renderStartScript(place.folders, admin !== undefined),
        reloads: unit,
      },
      ...(templates?.liveFiles ?? []),
    ],
    secrets: Object.entries(spec.secrets).map(([secret, content]) => ({
      path: `${folders.secrets}/${secret}`,
      content,
      reloads: unit,
    })),
    ports: portClaims(settings, place),
  };
}

function documentTemplates({
  settings: { name },
  documents,
}: MachineGatewaySpec): Required<Pick<Contribution, "units" | "liveFiles">> {
  const { document } = machineGatewayFolders(name);
  const config = `/etc/vipstack/gateway-${name}.hcl`;
  const unit: Unit = {
    name: `vipstack-gateway-${name}-routes.service`,
    content: consulTemplateUnit({ writes: `the routes of gateway ${name}`, config, folder: document }),
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
  return { units: [unit], liveFiles: [{ path: config, content, reloads: unit.name }] };
}

function portClaims(settings: GatewaySettings, { virtualPorts }: GatewayPlace): Contribution["ports"] {
  const { httpPort, httpsPort, statusPort, streamPorts, admin } = settings;
  const tcp = [...new Set([httpPort, httpsPort, statusPort, ...virtualPorts, ...streamPorts.tcp])];
  const metrics = metricsAddress(settings.pluginAttributes);
  const loopback = [9090, ...(admin === undefined ? [] : [admin.port])];
  return [
    ...tcp.map((port) => ({ protocol: "tcp" as const, port })),
    ...streamPorts.udp.map((port) => ({ protocol: "udp" as const, port })),
    ...loopback.map((port) => ({ protocol: "tcp" as const, port, address: "127.0.0.1" })),
    ...(metrics === undefined ? [] : [{ protocol: "tcp" as const, port: metrics.port, address: metrics.ip }]),
  ];
}
