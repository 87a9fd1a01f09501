import { LabError } from "./errors";
import type { Progress } from "./events";
import { cutPower, requireOn, signalGuest } from "./guest";
import { setCable } from "./network";
import { runScript } from "./ssh";
import type { FaultRecord, LabState } from "./state";

/** Takes a machine's power away at once. */
export async function powerCut(state: LabState, name: string, progress: Progress): Promise<void> {
  const guest = state.guest(name);
  await cutPower(state, name);
  state.saveGuest(name, { ...guest, phase: "off", faults: {} });
  progress.tell(name, "fault", "power cut");
}

/** Pulls a machine's network cables. */
export async function networkCut(state: LabState, name: string, progress: Progress): Promise<void> {
  requireOn(state, name);
  await setCable(state, state.machine(name), false);
  change(state, name, { cut: true });
  progress.tell(name, "fault", "network cut");
}

/** Delays every packet that a machine sends. */
export async function delay(
  state: LabState,
  name: string,
  delayMs: number,
  jitterMs: number,
  progress: Progress,
): Promise<void> {
  await impair(state, name, { ...state.guest(name).faults, delayMs, jitterMs });
  progress.tell(name, "fault", `sends ${delayMs} ms later${jitterMs > 0 ? `, give or take ${jitterMs} ms` : ""}`);
}

/** Loses a share of the packets that a machine sends. */
export async function loss(state: LabState, name: string, lossPercent: number, progress: Progress): Promise<void> {
  await impair(state, name, { ...state.guest(name).faults, lossPercent });
  progress.tell(name, "fault", `loses ${lossPercent} % of what it sends`);
}

/** Halts a machine between two instructions; it neither answers nor goes away. */
export function freeze(state: LabState, name: string, progress: Progress): void {
  requireOn(state, name);
  signalGuest(state, name, "SIGSTOP");
  change(state, name, { frozen: true });
  progress.tell(name, "fault", "frozen");
}

/** Lets a halted machine go on. */
export function thaw(state: LabState, name: string, progress: Progress): void {
  requireOn(state, name);
  signalGuest(state, name, "SIGCONT");
  change(state, name, { frozen: false });
  progress.tell(name, "fault", "thawed");
}

/** Undoes network cut, delay, loss and freeze. A machine without power is switched on by power-on. */
export async function heal(state: LabState, name: string, progress: Progress): Promise<void> {
  requireOn(state, name);
  signalGuest(state, name, "SIGCONT");
  await setCable(state, state.machine(name), true);
  const { delayMs = 0, lossPercent = 0 } = state.guest(name).faults;
  change(state, name, { cut: false, frozen: false });
  if (delayMs > 0 || lossPercent > 0) await impair(state, name, {});
  progress.tell(name, "fault", "healed");
}

/**
 * The script that gives all interfaces of a machine a delay and a loss, or takes them away. The machine's own kernel does it,
 * because not every host kernel can. What its ssh server sends is spared, or a machine that loses everything could not be healed.
 */
export function impairScript(interfaces: string[], faults: FaultRecord): string {
  const { delayMs = 0, jitterMs = 0, lossPercent = 0 } = faults;
  const netem = [
    ...(delayMs > 0 ? [`delay ${delayMs}ms${jitterMs > 0 ? ` ${jitterMs}ms` : ""}`] : []),
    ...(lossPercent > 0 ? [`loss ${lossPercent}%`] : []),
  ].join(" ");
  return interfaces
    .flatMap((device) => [
      `tc qdisc del dev ${device} root 2>/dev/null`,
      ...(netem === ""
        ? []
        : [
            `tc qdisc add dev ${device} root handle 1: prio bands 2 priomap ${Array<number>(16).fill(0).join(" ")} || exit 1`,
            `tc qdisc add dev ${device} parent 1:1 handle 10: netem ${netem} limit 100000 || exit 1`,
            `tc filter add dev ${device} parent 1: protocol ip prio 1 u32 match ip sport 22 0xffff flowid 1:2 || exit 1`,
            `tc filter add dev ${device} parent 1: protocol ipv6 prio 2 u32 match ip6 sport 22 0xffff flowid 1:2 || exit 1`,
          ]),
    ])
    .concat("exit 0")
    .join("\n");
}

async function impair(state: LabState, name: string, faults: FaultRecord): Promise<void> {
  requireOn(state, name);
  const interfaces = state.machine(name).nics.map((nic) => nic.interface);
  const result = await runScript(state, name, impairScript(interfaces, faults));
  if (result.exitCode !== 0) {
    throw new LabError(
      `machine "${name}" could not be set to delay or lose packets: ${result.stderr.trim()}`,
      `is it reachable? vipstack-lab exec ${name} --dir ${state.dir} -- tc qdisc; a cut network is restored with heal`,
    );
  }
  const { delayMs = 0, jitterMs = 0, lossPercent = 0 } = faults;
  change(state, name, { delayMs, jitterMs, lossPercent });
}

function change(state: LabState, name: string, faults: FaultRecord): void {
  const guest = state.guest(name);
  state.saveGuest(name, { ...guest, faults: { ...guest.faults, ...faults } });
}
