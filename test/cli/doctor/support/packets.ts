import { Scene } from "../../../../cli/doctor/scene";
import {
  captureCommand,
  CONNTRACK_AFTER,
  CONNTRACK_BEFORE,
  ENTRIES,
  QUEUES_AFTER,
  QUEUES_BEFORE,
  RETRANSMITTED_AFTER,
  RETRANSMITTED_BEFORE,
} from "../../../../cli/doctor/watch";
import { Change } from "./seen";

/** What client and director print in the three seconds of a request that fails: it asks for packets. */
export function slow(scene: Scene): Change {
  return [scene.client, /^curl --max-time/, ["000 0.000000 5.002 28 Connection timed out | ", "sent again: 3"]];
}

/** One packet as capture.py prints it. @param ends `192.168.139.68.40000 > 192.168.139.29.80` */
export function packet(time: number, way: "In" | "Out", ends: string, flags: string, more = "seq 7, ack 0"): string {
  return `${time.toFixed(6)} ${way} ${ends}: Flags [${flags}], ${more}${/length/.test(more) ? "" : ", length 0"}`;
}

/** What the machines recorded. Those that are not named recorded nothing. */
export function recorded(
  scene: Scene,
  lines: Readonly<Record<string, readonly string[]>>,
  counters: {
    readonly entries?: readonly string[];
    readonly invalid?: readonly [before: number, after: number];
    readonly retransmitted?: readonly [machine: string, before: number, after: number];
    /** Packets that the queues of every machine have dropped. */
    readonly dropped?: readonly [before: number, after: number];
  } = {},
): Change[] {
  const { entries = [], invalid = [0, 0], retransmitted = ["", 0, 0], dropped = [2, 2] } = counters;
  return ["vm-1", "ipvs", "d2", "d3"].flatMap((machine): Change[] => {
    const [before, after] = retransmitted[0] === machine ? [retransmitted[1], retransmitted[2]] : [0, 0];
    return [
      [machine, captureCommand(scene), ["listening", ...(lines[machine] ?? []), "0 packets were not seen"]],
      [machine, RETRANSMITTED_BEFORE, [`TcpRetransSegs                  ${before}                  0.0`]],
      [machine, RETRANSMITTED_AFTER, [`TcpRetransSegs                  ${after}                  0.0`]],
      [machine, QUEUES_BEFORE, queue(dropped[0])],
      [machine, QUEUES_AFTER, queue(dropped[1])],
      ...(machine === "ipvs"
        ? ([
            [machine, CONNTRACK_BEFORE, [`cpu=0   \tfound=0 invalid=${invalid[0]} insert=0 drop=0`]],
            [machine, CONNTRACK_AFTER, [`cpu=0   \tfound=0 invalid=${invalid[1]} insert=0 drop=0`]],
            [machine, ENTRIES, entries],
          ] satisfies Change[])
        : []),
    ];
  });
}

function queue(dropped: number): string[] {
  return [
    "qdisc netem 20: dev eth0 parent 1:2 limit 1000 loss 50%",
    ` Sent 900 bytes 12 pkt (dropped ${dropped}, overlimits 0 requeues 0) `,
  ];
}
