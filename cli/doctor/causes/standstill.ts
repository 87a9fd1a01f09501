import { Cause } from "../cause";
import { delays, Packet, repeated, Standstill } from "../packets";
import { captureCommand, captureOf, packetsOf, watched } from "../watch";

/** Clocks of machines without a common host may differ by so many seconds. */
const CLOCK_TOLERANCE = 0.5;

/** A machine that did not run while another one waited for its answer. */
interface Delay {
  readonly machine: string;
  readonly standstill: Standstill;
  readonly sender: string;
  /** The packet and its copy. */
  readonly copies: readonly [Packet, Packet];
}

/** No packet is lost. A machine did not run for longer than TCP waits for an answer. */
export const MACHINE_STANDS_STILL: Cause = {
  name: "machine-stands-still",
  looks: () => [],
  decide: (scene, facts) => {
    const machines = watched(scene);
    const again = machines.flatMap((sender) =>
      repeated(packetsOf(scene, facts, sender).filter(({ outgoing }) => outgoing)).flatMap(([first, second]) =>
        second === undefined ? [] : [{ sender, copies: [first, second] as const }],
      ),
    );
    const delayed = machines.flatMap((machine) =>
      captureOf(scene, facts, machine).standstills.flatMap((standstill): Delay[] =>
        again
          .filter(({ copies: [first, second] }) => delays(standstill, first, second, CLOCK_TOLERANCE))
          .map((one) => ({ machine, standstill, ...one })),
      ),
    );
    const [worst] = delayed.sort((a, b) => b.standstill.milliseconds - a.standstill.milliseconds);
    if (worst === undefined) return undefined;
    const { machine, standstill, sender, copies } = worst;
    return {
      cause: `${machine} stood still for ${standstill.milliseconds} ms: packets to it wait longer than TCP does, so their sender sends them again; none is lost`,
      evidence: [
        { machine, command: captureCommand(scene), lines: [standstill.line] },
        { machine: sender, command: captureCommand(scene), lines: copies.map(({ line }) => line) },
      ],
      cure: [
        `give ${machine} more processor time: look at the load of its host, and at \`vmstat 1\` on it (column st: time that the host took away)`,
      ],
    };
  },
};
