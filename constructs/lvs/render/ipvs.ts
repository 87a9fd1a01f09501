import { methodOf, Protocol, RealServerSpec, ServiceSpec, socketAddress, sortedServices } from "../spec";

const OPTIONS = { [Protocol.TCP]: "-t", [Protocol.UDP]: "-u", [Protocol.SCTP]: "--sctp-service" } as const;

/**
 * The IPVS table as `ipvsadm --save --numeric` would print it: a line a virtual service, followed by a line a real server.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export function renderIpvsRules(services: readonly ServiceSpec[]): string {
  return sortedServices(services)
    .flatMap((service) => [serviceLine(service), ...service.realServers.map((server) => serverLine(service, server))])
    .map((line) => `${line}\n`)
    .join("");
}

function serviceLine(service: ServiceSpec): string {
  const { scheduler, persistenceTimeoutSeconds: timeout, persistenceNetmask: netmask, onePacket } = service;
  return [
    `-A ${serviceName(service)} -s ${scheduler.word}`,
    ...(timeout === undefined ? [] : [`-p ${timeout}`]),
    ...(netmask === undefined ? [] : [`-M ${netmask}`]),
    ...(onePacket ? ["-o"] : []),
    ...(scheduler.flags.length > 0 ? [`-b ${scheduler.flags.join(",")}`] : []),
  ].join(" ");
}

function serverLine(service: ServiceSpec, server: RealServerSpec): string {
  const { address, port, weight, upperThreshold, lowerThreshold } = server;
  return [
    `-a ${serviceName(service)} -r ${socketAddress(address, port)} ${methodOf(service, server).option} -w ${weight}`,
    ...(upperThreshold === undefined ? [] : [`-x ${upperThreshold}`]),
    ...(lowerThreshold === undefined ? [] : [`-y ${lowerThreshold}`]),
  ].join(" ");
}

/** How ipvsadm names it: `-t 10.0.0.1:80`, `-f 1 -6`. */
export function serviceName({ mark, family, endpoints: [first] }: ServiceSpec): string {
  if (mark !== undefined) return `-f ${mark}${family === 6 ? " -6" : ""}`;
  if (first === undefined) throw new Error("assumption broken: a virtual service without a mark has an endpoint");
  return `${OPTIONS[first.protocol]} ${socketAddress(first.address, first.port)}`;
}
