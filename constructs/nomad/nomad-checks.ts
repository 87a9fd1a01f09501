import { IMachine } from "../machine";
import { Failure } from "../private/failure";
import { HostNetwork } from "./nomad-agent-text";
import { DynamicPorts } from "./nomad-cluster";

/** Ports that the kernel gives to outgoing connections; a job must not get one that is in use so. */
const EPHEMERAL = 32768;

export function dynamicPortFailures(ports: DynamicPorts | undefined): Failure[] {
  if (ports === undefined) return [];
  const { min, max } = ports;
  const inOrder = Number.isInteger(min) && Number.isInteger(max) && min >= 1024 && min < max && max < EPHEMERAL;
  if (inOrder) return [];
  return [
    {
      property: "dynamicPorts",
      rule: `must be a range within 1024 to ${EPHEMERAL - 1}, below the ports of outgoing connections`,
      got: ports,
      cure: "{ min: 20000, max: 32000 } is Nomad's own",
    },
  ];
}

export function hostNetworkFailures(machine: IMachine, networks: Readonly<Record<string, HostNetwork>>): Failure[] {
  const nics = [...new Set(machine.addresses.map((each) => each.interface))];
  const subnets = [...new Set(machine.addresses.map(({ subnet }) => subnet))];
  return Object.entries(networks).flatMap(([name, { cidr, interface: nic }]): Failure[] => {
    const property = `hostNetworks.${name}`;
    if ((cidr === undefined) === (nic === undefined)) {
      const cure = `for example { interface: "${nics[0] ?? "eth0"}" }`;
      return [{ property, rule: "must have either 'cidr' or 'interface'", got: networks[name], cure }];
    }
    const known = cidr === undefined ? nics.includes(nic ?? "") : subnets.includes(cidr);
    if (known) return [];
    const rule = `must be a network of ${machine.name}`;
    return [{ property, rule, got: cidr ?? nic, cure: `choose one of ${[...nics, ...subnets].join(", ")}` }];
  });
}
