/** A TCP packet as `programs/capture.py` prints it. */
export interface Packet {
  readonly time: number;
  readonly outgoing: boolean;
  readonly tunnelled: boolean;
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
  readonly wrongChecksum: boolean;
  /** The line itself. */
  readonly line: string;
}

/** A time during which a machine ran no program at all. */
export interface Standstill {
  /** The machine's time when it ran again. */
  readonly end: number;
  readonly milliseconds: number;
  readonly line: string;
}

/** What one machine recorded. */
export interface Capture {
  readonly packets: readonly Packet[];
  readonly standstills: readonly Standstill[];
  /** Number of packets that the capture itself lost. */
  readonly missed: number;
}

export function parseCapture(lines: readonly string[]): Capture {
  return {
    packets: lines.flatMap((line) => parsePacket(line) ?? []),
    standstills: lines.flatMap((line) => {
      const found = /^([\d.]+) this machine stood still for (\d+) ms$/.exec(line);
      return found === null ? [] : [{ end: Number(found[1]), milliseconds: Number(found[2]), line }];
    }),
    missed: lines.reduce((sum, line) => sum + Number(/^(\d+) packets were not seen$/.exec(line)?.[1] ?? "0"), 0),
  };
}

const PACKET =
  /^([\d.]+) (In|Out) (IPIP )?(\S+)\.(\d+) > (\S+)\.(\d+): Flags \[([^\]]*)\], seq (\d+), ack (\d+), length (\d+)(, wrong checksum)?$/;

function parsePacket(line: string): Packet | undefined {
  const found = PACKET.exec(line);
  if (found === null) return undefined;
  const [, time, way, tunnel, from = "", fromPort, to = "", toPort, flags = "", seq, ack, length, wrong] = found;
  return {
    time: Number(time),
    outgoing: way === "Out",
    tunnelled: tunnel !== undefined,
    from,
    fromPort: Number(fromPort),
    to,
    toPort: Number(toPort),
    flags,
    seq: Number(seq),
    ack: Number(ack),
    length: Number(length),
    wrongChecksum: wrong !== undefined,
    line,
  };
}

/** Whether TCP sends a packet again if it gets lost: begin and end of a connection, and data. */
export function carries({ flags, length }: Packet): boolean {
  return length > 0 || flags.includes("S") || (flags.includes("F") && !flags.includes("R"));
}

/** Whether two packets are the same, or one of them is the other sent again. Directors rewrite addresses and ports, never the numbers. */
export function isSamePacket(one: Packet, other: Packet): boolean {
  return one.seq === other.seq && one.length === other.length && kind(one) === kind(other);
}

function kind({ flags }: Packet): string {
  return flags.replace(/[^SFR]/g, "") + (flags.includes("S") && flags.includes(".") ? "." : "");
}

/**
 * Whether a machine stood still between two copies of a packet.
 *
 * @param tolerance difference between the clocks of two machines, in seconds
 */
export function delays({ end, milliseconds }: Standstill, first: Packet, second: Packet, tolerance = 0): boolean {
  return end - milliseconds / 1000 <= second.time + tolerance && end >= first.time - tolerance;
}

/** Packets that occur more than once, each with all its copies. */
export function repeated(sent: readonly Packet[]): readonly (readonly [Packet, ...Packet[]])[] {
  const groups: [Packet, ...Packet[]][] = [];
  for (const packet of sent.filter(carries)) {
    const group = groups.find(
      ([first]) => first.fromPort === packet.fromPort && first.toPort === packet.toPort && isSamePacket(first, packet),
    );
    if (group === undefined) groups.push([packet]);
    else group.push(packet);
  }
  return groups.filter(({ length }) => length > 1);
}
