/** An address with its port. */
export interface Socket {
  readonly address: string;
  readonly port: number;
}

/** A TCP segment in its Ethernet frame, as it was on the wire. */
export interface Frame {
  readonly sourceMac: string;
  readonly targetMac: string;
  readonly source: Socket;
  readonly target: Socket;
  /** The first line of an HTTP message that starts in this frame: `GET / HTTP/1.1`. */
  readonly http?: string;
  /** All that tcpdump says of it. Equal at both ends of the wire, since neither time nor relative numbers are in it. */
  readonly text: string;
}

/** What {@link parseFrames} reads: no time stamps, link-layer addresses, numeric, absolute sequence numbers. */
export const TCPDUMP_OPTIONS = ["-t", "-e", "-nn", "-S"] as const;

const MAC = "((?:[0-9a-f]{2}:){5}[0-9a-f]{2})";
const SOCKET = String.raw`(\d+\.\d+\.\d+\.\d+)\.(\d+)`;
const LINE = new RegExp(
  String.raw`^${MAC} > ${MAC}, ethertype IPv4 \(0x0800\), length \d+: ${SOCKET} > ${SOCKET}: Flags \[`,
);

/**
 * The TCP frames over IPv4 in what tcpdump printed with {@link TCPDUMP_OPTIONS}; anything else is left out.
 *
 * @see https://www.tcpdump.org/manpages/tcpdump.1.html
 */
export function parseFrames(printed: string): Frame[] {
  return printed.split("\n").flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, sourceMac = "", targetMac = "", source = "", sourcePort, target = "", targetPort] = match;
    return [
      {
        sourceMac,
        targetMac,
        source: { address: source, port: Number(sourcePort) },
        target: { address: target, port: Number(targetPort) },
        http: /: HTTP: (.+)$/.exec(line)?.[1],
        text: line,
      },
    ];
  });
}
