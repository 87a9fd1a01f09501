import { Frame, Socket } from "./frames";

/** A network interface of a machine. */
export interface Interface {
  readonly name: string;
  readonly mac: string;
  /** IPv4 addresses, without prefix length. */
  readonly addresses: readonly string[];
}

/** A machine and the frames that were captured on it. */
export interface Witness {
  readonly name: string;
  readonly interfaces: readonly Interface[];
  readonly frames: readonly Frame[];
}

/** Who is who. */
export interface Roles {
  readonly client: string;
  readonly director: string;
  readonly vip: string;
}

/** One way over a wire, from a machine to the next one. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly source: Socket;
  readonly target: Socket;
}

/** One HTTP request and its reply, hop by hop. */
export interface Flow extends Roles {
  /** The real server that answered. */
  readonly server: string;
  /** The port that the client's kernel chose. */
  readonly clientPort: number;
  /** `GET /` */
  readonly request: string;
  readonly requestHops: readonly Hop[];
  /** `200 OK` */
  readonly reply: string;
  readonly replyHops: readonly Hop[];
  /** The machines of the flow: client, director, real server. */
  readonly machines: readonly Pick<Witness, "name" | "interfaces">[];
}

/**
 * The request that the first real server (in the order given) was asked, followed over all captures. The machines' clocks
 * aren't compared: a hop starts where the one before it ended.
 *
 * @throws Error where a frame was not seen at both of its ends, or took another way than request and reply
 */
export function readFlow(witnesses: readonly Witness[], roles: Roles): Flow {
  const server = witnesses.find(
    ({ name, frames }) => name !== roles.client && name !== roles.director && frames.some(isRequest),
  );
  const asked = server?.frames.find(isRequest);
  if (server === undefined || asked === undefined) throw new Error("no real server has seen a request");
  const clientPort = asked.source.port;
  const hops = hopsOf(witnesses, (frame) => frame.source.port === clientPort || frame.target.port === clientPort);

  const requestHops = path(hops.filter(isRequest), roles.client, server.name);
  const replyHops = path(hops.filter(isReply), server.name, roles.client);
  const ways = new Set([...requestHops, ...replyHops].map(wayOf));
  const stray = hops.find((hop) => !ways.has(wayOf(hop)));
  if (stray !== undefined) throw new Error(`a frame took another way than request and reply: ${stray.text}`);

  return {
    ...roles,
    server: server.name,
    clientPort,
    request: asked.http?.replace(/ HTTP\/\S+$/, "") ?? "",
    requestHops,
    reply: hops.find(isReply)?.http?.replace(/^HTTP\/\S+ /, "") ?? "",
    replyHops,
    machines: [roles.client, roles.director, server.name].flatMap((wanted) =>
      witnesses.filter(({ name }) => name === wanted).map(({ name, interfaces }) => ({ name, interfaces })),
    ),
  };
}

/** What of a hop is not as it was in the hop before. */
export interface Changes {
  readonly source: boolean;
  readonly target: boolean;
}

/** @param before left out: the hop is the first one of its message */
export function changesOf(hop: Hop, before?: Hop): Changes {
  const differs = (a: Socket, b?: Socket): boolean => b !== undefined && (a.address !== b.address || a.port !== b.port);
  return { source: differs(hop.source, before?.source), target: differs(hop.target, before?.target) };
}

/** Whose address the real server sees, in words. The VIP belongs to no single machine, since several may have it. */
export function ownerOf({ vip, client, server, machines }: Flow, address: string): string {
  if (address === vip) return "the VIP";
  const owner = machines.find(({ interfaces }) => interfaces.some(({ addresses }) => addresses.includes(address)));
  if (owner === undefined) throw new Error(`${address} is no machine's`);
  if (owner.name === server) return "its own address";
  return owner.name === client ? "the client's address" : `${owner.name}'s address`;
}

/** `10.77.0.10:port`: the client's own port differs from run to run, so a word stands for it. */
export function socketText({ clientPort }: Flow, { address, port }: Socket): string {
  return `${address}:${port === clientPort ? "port" : port}`;
}

interface Sighting extends Frame, Hop {}

/** Every frame once, between the machines that its MAC addresses belong to. */
function hopsOf(witnesses: readonly Witness[], wanted: (frame: Frame) => boolean): Sighting[] {
  const frames = new Map(witnesses.flatMap((each) => each.frames.filter(wanted)).map((frame) => [frame.text, frame]));
  return [...frames.values()].map((frame) => {
    const [from, to] = [frame.sourceMac, frame.targetMac].map((mac) => {
      const machine = witnesses.find(({ interfaces }) => interfaces.some((each) => each.mac === mac));
      if (machine === undefined) throw new Error(`the MAC address ${mac} is no machine's: ${frame.text}`);
      if (!machine.frames.some(({ text }) => text === frame.text))
        throw new Error(`${machine.name} should have seen a frame and has not: ${frame.text}`);
      return machine.name;
    });
    return { ...frame, from: from ?? "", to: to ?? "" };
  });
}

/** A message's hops in their order. */
function path(hops: readonly Sighting[], start: string, end: string): Hop[] {
  const ordered: Hop[] = [];
  for (let at = start; at !== end; at = ordered.at(-1)?.to ?? "") {
    // A segment that was sent twice took the same way twice.
    const next = new Map(hops.filter(({ from }) => from === at).map((hop) => [wayOf(hop), hop]));
    const [hop] = next.values();
    if (next.size !== 1 || hop === undefined || ordered.length === hops.length)
      throw new Error(`a message has ${next.size} ways to go on from ${at} to ${end}`);
    const { from, to, source, target } = hop;
    ordered.push({ from, to, source, target });
  }
  return ordered;
}

function wayOf({ from, to, source, target }: Hop): string {
  return [from, to, source.address, source.port, target.address, target.port].join(" ");
}

function isRequest({ http }: Frame): boolean {
  return http !== undefined && !http.startsWith("HTTP/");
}

function isReply({ http }: Frame): boolean {
  return http?.startsWith("HTTP/") ?? false;
}
