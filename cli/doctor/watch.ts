import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Login, OpenLogin, quoted } from "../login";
import { Facts, LOGIN, Look, lookAt, lookScript, parseOutputs, Seen, whyItFailed } from "./look";
import { Capture, Packet, parseCapture } from "./packets";
import { Scene } from "./scene";

/** Commands that run before and after the requests; a comment tells the two outputs apart. */
export const ENTRIES = "ipvsadm -l -n -c";
export const CONNTRACK_BEFORE = "conntrack -S # before";
export const CONNTRACK_AFTER = "conntrack -S # after";
export const RETRANSMITTED_BEFORE = "nstat -asz TcpRetransSegs # before";
export const RETRANSMITTED_AFTER = "nstat -asz TcpRetransSegs # after";
export const QUEUES_BEFORE = "tc -s qdisc show # before";
export const QUEUES_AFTER = "tc -s qdisc show # after";

/** Number of requests that are watched, one after the other, and a limit for all of them. */
const REQUESTS = 12;
const SECONDS = 15;
/** Limit of a capture that is not ended. */
const CAPTURE_SECONDS = 60;

/** Command whose output has the same packets. */
export function captureCommand({ ports }: Scene): string {
  return `tcpdump -n -i any 'tcp and (${ports.map((port) => `port ${port}`).join(" or ")})'`;
}

/** Machines whose packets are looked at. */
export function watched({ client, director, serverMachines }: Scene): readonly string[] {
  return [...new Set([client, director, ...serverMachines])];
}

/** Sends requests one after the other while client, director and real servers record their packets. */
export async function watch(scene: Scene, facts: Facts): Promise<Facts> {
  const machines = watched(scene).filter((machine) => facts.reached(machine));
  const watches = machines.map((machine) => new Watch(scene, machine));
  await Promise.all(watches.map((one) => one.listening));
  const requests = await lookAt(scene.deployment, [
    { machine: scene.client, command: WATCHED, script: requestScript(scene) },
  ]);
  const seen = await Promise.all(watches.map((one) => one.end()));
  return requests.and(Object.assign({}, ...seen) as Seen);
}

const WATCHED = "requests one after the other";

/** A request usually takes milliseconds. One that hangs must not use up the time of the others. */
function requestScript({ endpoint }: Scene): string {
  const curl = `curl --globoff --silent --output /dev/null --max-time 4 --write-out '%{http_code} %{time_total} %{errormsg}\\n' http://${endpoint}/`;
  return `end=$(($(date +%s) + ${SECONDS})); for i in $(seq ${REQUESTS}); do [ $(date +%s) -ge $end ] || ${curl}; done`;
}

/** A login that records packets until it is ended. */
class Watch {
  readonly listening: Promise<void>;
  private readonly login: OpenLogin;
  private readonly looks: readonly Look[];

  constructor(
    scene: Scene,
    private readonly machine: string,
  ) {
    const { deployment, ports, director } = scene;
    const on = (command: string): Look => ({ machine, command, script: command.replace(/ # .*/, "") });
    const before = [RETRANSMITTED_BEFORE, QUEUES_BEFORE, ...(machine === director ? [CONNTRACK_BEFORE] : [])];
    const after = [RETRANSMITTED_AFTER, QUEUES_AFTER, ...(machine === director ? [CONNTRACK_AFTER, ENTRIES] : [])];
    const script = `python3 -c ${quoted(program("capture.py"))} ${[CAPTURE_SECONDS, ...ports].join(" ")}`;
    const capture: Look = { machine, command: captureCommand(scene), script, follows: true };
    this.looks = [...before.map(on), capture, ...after.map(on)];
    // One that stopped answering must not keep the doctor waiting.
    this.login = Login.to(deployment, machine).start({ seconds: 2 * CAPTURE_SECONDS });
    this.login.input.write(lookScript(this.looks));
    this.listening = new Promise((resolve) => {
      this.login.output.on("data", (text: Buffer) => {
        if (text.includes("listening")) resolve();
      });
      void this.login.ended.then(() => {
        resolve();
      });
    });
  }

  async end(): Promise<Seen> {
    this.login.input.end();
    const result = await this.login.ended;
    const commands = this.looks.map(({ command }) => command);
    return {
      [this.machine]:
        result.exitCode === 0
          ? parseOutputs(result.stdout, commands)
          : { [LOGIN]: { exitCode: result.exitCode ?? 1, lines: whyItFailed(result) } },
    };
  }
}

/** Packets that a machine recorded; none if it recorded nothing. */
export function captureOf(scene: Scene, facts: Facts, machine: string): Capture {
  return parseCapture(facts.lines(machine, captureCommand(scene)));
}

export function packetsOf(scene: Scene, facts: Facts, machine: string): readonly Packet[] {
  return captureOf(scene, facts, machine).packets;
}

/** Text of a program that runs on machines. */
export function program(name: string): string {
  return readFileSync(join(__dirname, "programs", name), "utf8");
}
