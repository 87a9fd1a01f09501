import execa from "execa";
import * as fs from "fs";
import * as net from "net";
import { familyOf, normal, plain, routerAddress, socatTarget, subnetOf, tapName } from "./addresses";
import type { Forward, LabDocument, MachineDocument, Nic } from "./documents";
import { codeOf, LabError } from "./errors";
import { readIfThere, writeAtomically } from "./files";
import { endRecorded, isAlive, readRecord, recordedNames, startRecorded, until } from "./processes";
import { LabState } from "./state";

interface InterfaceAddresses {
  readonly ifname: string;
  readonly addr_info: { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

/** Whether the lab's network namespace exists. */
export function namespaceExists(state: LabState): boolean {
  return fs.existsSync(`/run/netns/${state.namespace}`);
}

/** Makes the namespace, a bridge for each IPv4 subnet, and itself the router between them. Does what is missing only. */
export async function ensureNamespace(state: LabState, lab: LabDocument): Promise<void> {
  if (!namespaceExists(state)) {
    await execa("ip", ["netns", "add", state.namespace]);
    // Forwarding and all that happens in the namespace only; the host's own settings stay as they are. A guest that asks for an
    // address outside hears each time that there is no way: Nomad's search for the clouds' metadata waited 6 s for a second answer.
    await inNamespace(state, [
      "sh",
      "-c",
      `cd /proc/sys/net && echo 1 > ipv4/ip_forward
       for i in all default; do echo 0 > ipv4/conf/$i/send_redirects; echo 0 > ipv4/conf/$i/rp_filter; done
       echo 0 > ipv4/icmp_ratelimit
       [ ! -d ipv6 ] || { echo 0 > ipv6/conf/all/disable_ipv6; echo 0 > ipv6/conf/default/disable_ipv6; echo 1 > ipv6/conf/all/forwarding; }`,
    ]);
    await ip(state, "link", "set", "lo", "up");
  }
  const bridges = await bridgesBySubnet(state);
  for (const subnet of lab.subnets.filter((subnet) => familyOf(subnet) === 4)) {
    if (!bridges.has(subnetOf(subnet))) await addRouterAddress(state, await addBridge(state), subnet);
  }
}

/** Removes bridges whose subnets are not wanted any more and that no machine is plugged into. */
export async function removeStaleBridges(state: LabState, lab: LabDocument): Promise<void> {
  const wanted = lab.subnets.map((subnet) => subnetOf(subnet));
  const byBridge = new Map<string, string[]>();
  for (const [subnet, bridge] of await bridgesBySubnet(state))
    byBridge.set(bridge, [...(byBridge.get(bridge) ?? []), subnet]);
  for (const [bridge, subnets] of byBridge) {
    if (subnets.some((subnet) => wanted.includes(subnet))) continue;
    const { stdout } = await execa("ip", ["-n", state.namespace, "-o", "link", "show", "master", bridge]);
    if (stdout.trim() === "") await ip(state, "link", "del", bridge);
  }
}

/** Plugs a machine's interfaces in. A subnet of the other family joins the bridge that the first machine uses it on. */
export async function plugIn(state: LabState, lab: LabDocument, machine: MachineDocument): Promise<void> {
  const allowed = lab.subnets.map((subnet) => subnetOf(subnet));
  for (const [index, nic] of machine.nics.entries()) {
    const outside = nic.addresses.find((address) => !allowed.includes(subnetOf(address)));
    if (outside !== undefined) {
      throw new LabError(
        `machine "${machine.name}": address ${outside} of ${nic.interface} is in none of the lab's subnets (${lab.subnets.join(", ")})`,
        "correct the address, or add its subnet to LAB.json",
      );
    }
    const bridge = await bridgeOf(state, machine, nic);
    const tap = tapName(machine.name, index);
    await execa("ip", ["-n", state.namespace, "link", "del", tap], { reject: false });
    await inNamespace(state, ["ip", "tuntap", "add", tap, "mode", "tap"]);
    // A bridge's own MTU follows the smallest of its ports, so the lab's router reports packets that are too big for that network.
    await ip(state, "link", "set", tap, "mtu", String(nic.mtu ?? 1500));
    // The device's own queue has no reader (see guest.ts). With a length of 0 it keeps no frame, and the kernel gives it no queueing
    // discipline that would wait for a reader.
    await ip(state, "link", "set", tap, "txqueuelen", "0");
    await ip(state, "link", "set", tap, "master", bridge, "up");
  }
}

/** Takes a machine's interfaces away. */
export async function unplug(state: LabState, machine: MachineDocument): Promise<void> {
  if (!namespaceExists(state)) return;
  for (const index of machine.nics.keys()) {
    await execa("ip", ["-n", state.namespace, "link", "del", tapName(machine.name, index)], { reject: false });
  }
}

/** Cuts or restores the cable between a machine and its bridges: the port neither takes nor gives a frame. */
export async function setCable(state: LabState, machine: MachineDocument, connected: boolean): Promise<void> {
  for (const index of machine.nics.keys()) {
    const port = tapName(machine.name, index);
    await inNamespace(state, ["bridge", "link", "set", "dev", port, "state", connected ? "3" : "0"]);
  }
}

/** Ends every process that lives in the namespace, then removes it with all its interfaces. */
export async function removeNamespace(state: LabState): Promise<void> {
  if (!namespaceExists(state)) return;
  const emptied = async (): Promise<boolean> => {
    const { stdout } = await execa("ip", ["netns", "pids", state.namespace], { reject: false });
    const pids = stdout
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 1 && !isZombie(pid));
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // gone meanwhile
      }
    }
    return pids.length === 0;
  };
  await until(emptied, 50, 5_000);
  await execa("ip", ["netns", "del", state.namespace], { reject: false });
  // A host that crashed in the middle of adding it can leave a plain file of that name.
  fs.rmSync(`/run/netns/${state.namespace}`, { force: true });
}

/** A command line that runs inside the lab's network. */
export function namespaced(state: LabState, command: string[]): string[] {
  return ["ip", "netns", "exec", state.namespace, ...command];
}

async function bridgeOf(state: LabState, machine: MachineDocument, nic: Nic): Promise<string> {
  const bridges = await bridgesBySubnet(state);
  const subnets = [...new Set(nic.addresses.map((address) => subnetOf(address)))];
  const used = [...new Set(subnets.flatMap((subnet) => bridges.get(subnet) ?? []))];
  if (used.length > 1) {
    throw new LabError(
      `machine "${machine.name}": ${nic.interface} has addresses of networks that are apart (${subnets.join(", ")})`,
      "give the machine one interface for each of them",
    );
  }
  const bridge = used[0] ?? (await addBridge(state));
  for (const subnet of subnets) if (!bridges.has(subnet)) await addRouterAddress(state, bridge, subnet);
  return bridge;
}

async function bridgesBySubnet(state: LabState): Promise<Map<string, string>> {
  const { stdout } = await execa("ip", ["-n", state.namespace, "-j", "addr", "show", "type", "bridge"]);
  const interfaces = JSON.parse(stdout || "[]") as Partial<InterfaceAddresses>[];
  return new Map(
    interfaces.flatMap(({ ifname, addr_info = [] }) =>
      ifname === undefined
        ? []
        : addr_info
            .filter((address) => address.scope === "global")
            .map((address): [string, string] => [subnetOf(normal(`${address.local}/${address.prefixlen}`)), ifname]),
    ),
  );
}

async function addBridge(state: LabState): Promise<string> {
  const { stdout } = await execa("ip", ["-n", state.namespace, "-o", "link", "show", "type", "bridge"]);
  let number = 0;
  while (new RegExp(`\\bbr${number}[:@]`).test(stdout)) number++;
  // Without snooping multicast (VRRP, neighbour discovery) reaches every port, as on a simple switch.
  await ip(
    state,
    "link",
    "add",
    `br${number}`,
    "type",
    "bridge",
    "stp_state",
    "0",
    "forward_delay",
    "0",
    "mcast_snooping",
    "0",
  );
  await ip(state, "link", "set", `br${number}`, "up");
  return `br${number}`;
}

async function addRouterAddress(state: LabState, bridge: string, subnet: string): Promise<void> {
  const address = `${routerAddress(subnet)}/${subnet.split("/")[1] ?? ""}`;
  await ip(state, "addr", "add", address, "dev", bridge, ...(familyOf(plain(address)) === 6 ? ["nodad"] : []));
}

async function ip(state: LabState, ...args: string[]): Promise<void> {
  await execa("ip", ["-n", state.namespace, ...args]);
}

async function inNamespace(state: LabState, command: string[]): Promise<void> {
  const [file = "", ...args] = namespaced(state, command);
  await execa(file, args, { stdin: "ignore" });
}

function isZombie(pid: number): boolean {
  try {
    return /\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

/** What has to happen so that the forwards are those that are wanted. */
interface ForwardChanges {
  readonly remove: Forward[];
  readonly add: Forward[];
}

/** Compares the forwards that run with those that are wanted; one whose target changed is both removed and added. */
export function forwardChanges(running: Forward[], wanted: Forward[]): ForwardChanges {
  const among = (forward: Forward, list: Forward[]): boolean =>
    list.some((other) => other.listen === forward.listen && other.to === forward.to);
  return {
    remove: running.filter((forward) => !among(forward, wanted)),
    add: wanted.filter((forward) => !among(forward, running)),
  };
}

/** Makes the loopback forwards equal to the list. A port that another process uses is an error before anything is changed. */
export async function syncForwards(state: LabState, wanted: Forward[]): Promise<ForwardChanges> {
  const changes = forwardChanges(runningForwards(state), wanted);
  await requireFreeForwards(state, wanted);
  for (const forward of changes.remove) await removeForward(state, forward);
  for (const forward of changes.add) {
    await removeForward(state, forward); // of one that ran half, the other half is still there
    addForward(state, forward);
  }
  return changes;
}

/** A forward whose port can't be listened on, and why. */
export interface TakenForward extends Forward {
  /** `nginx (process 4711) listens on it` */
  readonly why: string;
}

/** Forwards that don't run yet, and whose ports are not free. */
export async function takenForwards(state: LabState, wanted: readonly Forward[]): Promise<TakenForward[]> {
  // Of one that runs half, the port is still the lab's own.
  const own = (port: number): boolean => processNames(port).some((name) => isAlive(readRecord(state, name)));
  const asked = wanted
    .filter(({ listen }) => !own(listen))
    .map(async (forward): Promise<TakenForward[]> => {
      const why = await whyTaken(forward.listen);
      return why === undefined ? [] : [{ ...forward, why }];
    });
  return (await Promise.all(asked)).flat();
}

/** Checks that the ports of forwards that don't run yet are free. */
export async function requireFreeForwards(state: LabState, wanted: readonly Forward[]): Promise<void> {
  const taken = await takenForwards(state, wanted);
  if (taken.length === 0) return;
  throw new LabError(
    taken.map(({ listen, why }) => `port ${listen} of 127.0.0.1 is not free: ${why}`).join("\n"),
    "end that process, or choose another port for the forward",
  );
}

/** Forwards whose both processes live. */
export function runningForwards(state: LabState): Forward[] {
  return recordedNames(state)
    .flatMap((name) => /^forward-(\d+)$/.exec(name)?.[1] ?? [])
    .flatMap((port) => {
      const text = readIfThere(state.run(`forward-${port}.target`));
      return text === undefined || !processNames(Number(port)).every((name) => isAlive(readRecord(state, name)))
        ? []
        : [{ listen: Number(port), to: text }];
    });
}

/** Why a loopback port can't be listened on: what has it, if that can be known. @returns undefined if it is free */
async function whyTaken(port: number): Promise<string | undefined> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = net.createServer();
    server.once("error", (error) => {
      resolve(codeOf(error) ?? "error");
    });
    server.listen({ port, host: "127.0.0.1" }, () =>
      server.close(() => {
        resolve(undefined);
      }),
    );
  });
  if (code === "EACCES") return "only root can listen on it";
  if (code !== "EADDRINUSE") return code;
  for (const other of LabState.all()) {
    const found = runningForwards(other).find(({ listen }) => listen === port);
    if (found !== undefined) return `the lab in ${other.dir} forwards it to ${found.to}`;
  }
  const { stdout } = await execa("ss", ["-H", "-ltnp", `sport = :${port}`], { reject: false });
  const [, name, pid] = /\(\("([^"]+)",pid=(\d+)/.exec(stdout) ?? [];
  return name === undefined ? "another process listens on it" : `${name} (process ${pid ?? ""}) listens on it`;
}

function addForward(state: LabState, { listen, to }: Forward): void {
  const socket = state.run(`forward-${listen}.sock`);
  const log = state.run(`forward-${listen}.log`);
  fs.rmSync(socket, { force: true });
  writeAtomically(state.run(`forward-${listen}.target`), to);
  const [outside, inside] = processNames(listen);
  const listener = ["socat", `UNIX-LISTEN:${socket},fork`, socatTarget(to)];
  startRecorded(state, inside, namespaced(state, listener), { log });
  const door = ["socat", `TCP4-LISTEN:${listen},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${socket}`];
  startRecorded(state, outside, door, { log });
}

async function removeForward(state: LabState, { listen }: Forward): Promise<void> {
  for (const name of processNames(listen)) await endRecorded(state, name);
  for (const end of ["sock", "log", "target"]) fs.rmSync(state.run(`forward-${listen}.${end}`), { force: true });
}

function processNames(port: number): [string, string] {
  return [`forward-${port}`, `forward-${port}-inside`];
}
