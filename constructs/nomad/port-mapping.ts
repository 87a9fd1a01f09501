import { Failure } from "../private/failure";
import { allRendered, ApiNetwork, ApiPort, defined } from "./job-specification";

/**
 * One port of a group, by its label: a host port, and what it leads to in the task. The label is what services, checks and
 * drivers name.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/network#port-parameters
 */
export interface PortMapping {
  /** The port in the task's own network, 1 to 65535; -1 is the host port. `NOMAD_PORT_label` is this one. @default - the host port */
  readonly to?: number;
  /** A fixed host port, 1 to 65535. @default - a free one of the client's dynamic range, by default 20000 to 32000 */
  readonly static?: number;
  /** One of the client's `host_network` blocks, whose address the port is bound to. @default - the client's default network */
  readonly hostNetwork?: string;
}

/** Label to mapping. */
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

/** What is wrong with the ports of one group. @param at where the caller wrote them: `groups.web.ports` */
export function portFailures(at: string, ports: PortMappings): Failure[] {
  const owner = new Map<string, string>();
  return Object.entries(ports).flatMap(([label, port]) => {
    const failures: Failure[] = [];
    // The label becomes part of an environment variable's name and of Docker's list of ports.
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(label))
      failures.push({
        property: at,
        rule: "must have labels of letters, digits, '_' and '-'",
        got: label,
        cure: "for example www",
      });
    const within = (value: number | undefined): boolean =>
      value === undefined || (Number.isInteger(value) && value >= 1 && value <= 65535);
    if (!within(port.static))
      failures.push({
        property: `${at}.${label}.static`,
        rule: "must be a port from 1 to 65535",
        got: port.static,
        cure: "choose a port, or leave 'static' out for a free one",
      });
    if (port.to !== -1 && !within(port.to))
      failures.push({
        property: `${at}.${label}.to`,
        rule: "must be a port from 1 to 65535, or -1 for the host port",
        got: port.to,
        cure: "name the port that the task listens on",
      });
    if (port.static !== undefined) {
      const key = `${port.hostNetwork ?? ""} ${port.static}`;
      const first = owner.get(key);
      if (first !== undefined)
        failures.push({
          property: `${at}.${label}.static`,
          rule: `can't be the port of '${first}', too`,
          got: port.static,
          cure: "choose another one for either",
        });
      owner.set(key, label);
    }
    return failures;
  });
}

function renderPort(label: string, { to, static: fixed, hostNetwork, ...rest }: PortMapping): ApiPort {
  allRendered(rest);
  return defined({ Label: label, Value: fixed, To: to, HostNetwork: hostNetwork });
}
