import { Cause } from "../cause";
import { Capture, repeated } from "../packets";
import { captureCommand, captureOf, packetsOf, watched } from "../watch";

/** No packet is lost. A machine did not run for longer than TCP waits for an answer. */
export const MACHINE_STANDS_STILL: Cause = {
  name: "machine-stands-still",
  looks: () => [],
  decide: (scene, facts) => {
    const again = watched(scene).flatMap((machine) =>
      repeated(packetsOf(scene, facts, machine).filter(({ outgoing }) => outgoing)).map((packets) => ({
        machine,
        packets,
      })),
    );
    const still = watched(scene).map((machine) => ({ machine, ...longest(captureOf(scene, facts, machine)) }));
    const [worst] = still.sort((a, b) => b.milliseconds - a.milliseconds);
    const [first] = again;
    if (worst === undefined || worst.milliseconds === 0 || first === undefined) return undefined;
    return {
      cause: `${worst.machine} stood still for ${worst.milliseconds} ms: packets to it wait longer than TCP does, so their sender sends them again; none is lost`,
      evidence: [
        { machine: worst.machine, command: captureCommand(scene), lines: [worst.line] },
        {
          machine: first.machine,
          command: captureCommand(scene),
          lines: first.packets.slice(0, 2).map(({ line }) => line),
        },
      ],
      cure: [
        `give ${worst.machine} more processor time: look at the load of its host, and at \`vmstat 1\` on it (column st: time that the host took away)`,
      ],
    };
  },
};

function longest({ standstills }: Capture): { milliseconds: number; line: string } {
  return [...standstills].sort((a, b) => b.milliseconds - a.milliseconds)[0] ?? { milliseconds: 0, line: "" };
}
