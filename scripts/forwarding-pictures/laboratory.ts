import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import execa from "execa";
import { DEPLOYMENT_FILE, DeploymentDescription } from "../../constructs/deployment";
import { Flow, Interface, readFlow, Witness } from "./flow";
import { parseFrames, TCPDUMP_OPTIONS } from "./frames";

const VIPSTACK = join("dist", "cli", "vipstack.js");
const LAB = join("dist", "lab", "vipstack-lab.js");
/** Enough for all machines to listen and for a request to each real server, on a busy host, too. */
const CAPTURE_SECONDS = 15;

/** A machine as it describes itself. */
type Place = Omit<Witness, "frames">;

/** An example brought up for real, in a state folder of its own. */
export class Laboratory {
  /**
   * @param example a folder of examples/
   * @param state a folder for all state
   */
  constructor(
    private readonly example: string,
    private readonly state: string,
  ) {}

  /** Up, a request to each real server captured everywhere, and down again whatever happened. */
  async run(): Promise<Flow> {
    try {
      await this.vipstack("up");
      return await this.captureRequests();
    } finally {
      await this.vipstack("down");
    }
  }

  private async captureRequests(): Promise<Flow> {
    const { machines, client, virtualServices } = this.description;
    const [service] = virtualServices;
    if (client === undefined || service === undefined) throw new Error(`${this.example} has no client or no service`);
    const places = await Promise.all(machines.map(({ name }) => this.look(name)));
    const nics = [...new Set(places.flatMap(({ interfaces }) => interfaces.map(({ name }) => name)))];
    const wires = nics.filter((nic) => nic !== "lo");

    const captures = wires.map((nic) => this.startCapture(nic, withInterface(places, nic)));
    await Promise.all(captures.map(({ listening }) => listening));
    // They take turns, so each real server answers one of as many requests as there are.
    const servers = machines.length - 2;
    const url = `http://${service.address}:${service.port}/`;
    for (let request = 0; request < servers; request += 1)
      await this.on(client, ["curl", "--silent", "--show-error", "--fail", "--max-time", "5", url]);
    await Promise.all(captures.map(({ running }) => running));

    const witnesses = await Promise.all(places.map((place) => this.witness(place)));
    return readFlow(witnesses, { client, director: service.director, vip: service.address });
  }

  /** One interface at a time: only then a frame comes with both of its MAC addresses. */
  private startCapture(nic: string, places: readonly Place[]): Capture {
    const options = ["--filter", "tcp", "--interface", nic, "--seconds", String(CAPTURE_SECONDS)];
    const names = places.map(({ name }) => name);
    const words = ["capture", ...options, "--output", this.folderOf(nic), "--dir", this.labDirectory, ...names];
    const running = execa("node", [LAB, ...words]);
    const listening = new Promise<void>((resolve, reject) => {
      running.stdout?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("capturing on")) resolve();
      });
      running.catch(reject);
    });
    return { running, listening };
  }

  /** Everything that was captured on a machine, as its own tcpdump reads it. */
  private async witness(place: Place): Promise<Witness> {
    const wires = place.interfaces.filter(({ name }) => name !== "lo");
    const texts = await Promise.all(
      wires.map((nic) => {
        const file = createReadStream(join(this.folderOf(nic.name), `${place.name}.pcap`));
        return this.on(place.name, ["tcpdump", ...TCPDUMP_OPTIONS, "-r", "-"], file);
      }),
    );
    return { ...place, frames: texts.flatMap(parseFrames) };
  }

  private async look(name: string): Promise<Place> {
    const links = JSON.parse(await this.on(name, ["ip", "-json", "address", "show"])) as Link[];
    return { name, interfaces: links.map(interfaceOf).filter(({ addresses }) => addresses.length > 0) };
  }

  private async on(machine: string, command: readonly string[], input?: Readable): Promise<string> {
    const { sshConfigFile = "" } = this.description.access;
    const { stdout } = await execa("ssh", ["-F", sshConfigFile, machine, ...command], { input });
    return stdout;
  }

  private vipstack(verb: "up" | "down"): execa.ExecaChildProcess {
    return execa("node", [VIPSTACK, verb, this.example], { stdio: "inherit", env: { VIPSTACK_STATE: this.state } });
  }

  private folderOf(nic: string): string {
    return join(this.state, "captures", this.example, nic);
  }

  private get labDirectory(): string {
    return this.description.access.labDirectory ?? "";
  }

  private get description(): DeploymentDescription {
    const stack = join(this.state, "cdktf.out", "examples", this.example, "stacks", "machines");
    return JSON.parse(readFileSync(join(stack, DEPLOYMENT_FILE), "utf8")) as DeploymentDescription;
  }
}

interface Capture {
  readonly running: Promise<unknown>;
  /** Kept once every machine listens. */
  readonly listening: Promise<void>;
}

/** A network interface in the words of `ip -json address show`. */
interface Link {
  readonly ifname: string;
  readonly address: string;
  readonly addr_info: readonly { readonly family: string; readonly local: string }[];
}

function interfaceOf({ ifname, address, addr_info }: Link): Interface {
  const own = addr_info.filter(({ family, local }) => family === "inet" && !local.startsWith("127."));
  return { name: ifname, mac: address, addresses: own.map(({ local }) => local) };
}

function withInterface(places: readonly Place[], nic: string): Place[] {
  return places.filter(({ interfaces }) => interfaces.some(({ name }) => name === nic));
}
