import { allRendered, ApiNetwork, ApiPort, defined } from "./api";
import type { JobValidation } from "./shape";

/**
 * Maps a host port to a port of the task. Services, checks and drivers refer to it by its label.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/network#port-parameters
 */
export interface PortMapping {
  /** Port in the task's own network, 1 to 65535, or -1 for the host port. `NOMAD_PORT_label` holds it. @default - the host port */
  readonly to?: number;
  /** Fixed host port, 1 to 65535. @default - a free port of the client's dynamic range, by default 20000 to 32000 */
  readonly static?: number;
  /** Name of the client's host network that the port is bound to. @default - the client's default network */
  readonly hostNetwork?: string;
}

/** Port mappings by label. */
export type PortMappings = Readonly<Record<string, PortMapping>>;

/** The one network of a group; nothing where it needs none. */
export function renderNetwork(ports: PortMappings, mode: string | undefined): ApiNetwork | undefined {
  const all = Object.entries(ports);
  if (all.length === 0 && mode === undefined) return undefined;
  const of = (wanted: (port: PortMapping) => boolean): ApiPort[] | undefined => {
    const found = all.filter(([, port]) => wanted(port));
    return found.length === 0 ? undefined : found.map(([label, port]) => renderPort(label, port));
  };
  return defined({
    Mode: mode,
    DynamicPorts: of((port) => port.static === undefined),
    ReservedPorts: of((port) => port.static !== undefined),
  });
}

/** @param at the property that holds the ports of one group: `groups.web.ports` */
export function validatePorts(validation: JobValidation, at: string, ports: PortMappings): void {
  const owner = new Map<string, string>();
  for (const [label, port] of Object.entries(ports)) {
    // The label becomes part of an environment variable's name and of Docker's list of ports.
    validation.require(/^[A-Za-z_][A-Za-z0-9_-]*$/.test(label), {
      property: at,
      rule: "must have labels of letters, digits, '_' and '-'",
      got: label,
      cure: "for example www",
    });
    validation.require(isPort(port.static), {
      property: `${at}.${label}.static`,
      rule: "must be a port from 1 to 65535",
      got: port.static,
      cure: "choose a port, or leave 'static' out for a free one",
    });
    validation.require(port.to === -1 || isPort(port.to), {
      property: `${at}.${label}.to`,
      rule: "must be a port from 1 to 65535, or -1 for the host port",
      got: port.to,
      cure: "name the port that the task listens on",
    });
    if (port.static === undefined) continue;
    const hostPort = `${port.hostNetwork ?? ""} ${port.static}`;
    const first = owner.get(hostPort);
    validation.require(first === undefined, {
      property: `${at}.${label}.static`,
      rule: `can't be the port of '${first ?? ""}', too`,
      got: port.static,
      cure: "choose another one for either",
    });
    owner.set(hostPort, label);
  }
}

function isPort(value: number | undefined): boolean {
  return value === undefined || (Number.isInteger(value) && value >= 1 && value <= 65535);
}

function renderPort(label: string, { to, static: fixed, hostNetwork, ...rest }: PortMapping): ApiPort {
  allRendered(rest);
  return defined({ Label: label, Value: fixed, To: to, HostNetwork: hostNetwork });
}
