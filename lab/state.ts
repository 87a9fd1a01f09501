import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { type LabDocument, type MachineDocument, parseLab, parseMachine } from "./documents";
import { codeOf, LabError } from "./errors";
import { readIfThere, writeAtomically } from "./files";

/** Where processes, sockets and locks of labs are recorded: they can't outlive a boot, and `/run` doesn't either. */
const RUN_ROOT = "/run/vipstack";

/** Everything a lab may have put into its folder; `stop` removes these and nothing else. */
const OWN_ENTRIES = [
  "lab.json",
  "key",
  "key.pub",
  "known_hosts",
  "ssh_config",
  "events.ndjson",
  "package-proxy.log",
  "software-server.log",
  "software.json",
  "registry.log",
  "registry",
  "guests",
];

/** What the lab knows of a guest beside its description. */
interface GuestRecord {
  /** Base image the copy-on-write disk belongs to. */
  readonly image: string;
  /** `booting` until it was ready once; `failed` if its first boot did not succeed; `off` after a power cut. */
  readonly phase: "booting" | "ready" | "failed" | "off";
  /** Faults in force, so that each command changes its own one only. */
  readonly faults: FaultRecord;
}

/** Faults in force on one guest. */
export interface FaultRecord {
  readonly cut?: boolean;
  readonly frozen?: boolean;
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly lossPercent?: number;
}

/**
 * One lab: its folder, and the names that follow from the folder.
 * The names come from the absolute path, so two labs never meet, and a lab whose folder was deleted manually can still be stopped.
 */
export class LabState {
  readonly dir: string;
  readonly id: string;
  readonly namespace: string;
  readonly runDir: string;

  constructor(dir: string) {
    this.dir = path.resolve(dir);
    this.id = createHash("sha256").update(this.dir).digest("hex").slice(0, 8);
    this.namespace = `vipstack-${this.id}`;
    this.runDir = path.join(RUN_ROOT, this.id);
  }

  /** A path inside the lab's folder. */
  file(...parts: string[]): string {
    return path.join(this.dir, ...parts);
  }

  /** A path inside the short folder for sockets, locks and process records. */
  run(...parts: string[]): string {
    return path.join(this.runDir, ...parts);
  }

  guestDir(name: string): string {
    return this.file("guests", name);
  }

  /** Makes both folders. */
  create(): void {
    fs.mkdirSync(this.file("guests"), { recursive: true });
    for (const part of ["processes", "ssh", "uml"]) fs.mkdirSync(this.run(part), { recursive: true, mode: 0o700 });
    writeAtomically(this.run("folder"), this.dir);
  }

  /** All labs of this host that have processes, namespaces or records; also those whose folder was deleted. */
  static all(): LabState[] {
    if (!fs.existsSync(RUN_ROOT)) return [];
    return fs.readdirSync(RUN_ROOT).flatMap((id) => {
      const dir = readIfThere(path.join(RUN_ROOT, id, "folder"));
      return dir === undefined ? [] : [new LabState(dir)];
    });
  }

  /** The list that it was started or synchronised with: beside it are the other files of the program's synthesis. */
  get list(): string | undefined {
    return readIfThere(this.run("list"));
  }

  /** The list of machines that the lab was started or synchronised with; undefined before `start`. */
  lab(): LabDocument | undefined {
    const text = readIfThere(this.file("lab.json"));
    return text === undefined ? undefined : parseLab(text, this.file("lab.json"));
  }

  /** The lab's list, or an error that says to start it. */
  requireLab(): LabDocument {
    const lab = this.lab();
    if (lab === undefined) {
      throw new LabError(
        `no lab was started in ${this.dir}`,
        `start one: vipstack-lab start LAB.json --dir ${this.dir}`,
      );
    }
    return lab;
  }

  saveLab(lab: LabDocument, list: string): void {
    writeAtomically(this.run("list"), path.resolve(list));
    writeAtomically(this.file("lab.json"), JSON.stringify(lab, null, 2) + "\n");
  }

  /** Names of the guests that have a disk here, running or not. */
  guests(): string[] {
    try {
      return fs
        .readdirSync(this.file("guests"))
        .filter((name) => fs.existsSync(this.file("guests", name, "guest.json")))
        .sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  }

  machine(name: string): MachineDocument {
    const file = path.join(this.guestDir(name), "machine.json");
    const text = readIfThere(file);
    if (text === undefined || !this.guests().includes(name)) {
      const known = this.guests();
      throw new LabError(
        `no machine "${name}" in the lab ${this.dir}`,
        known.length > 0 ? `machines there: ${known.join(", ")}` : "create one: vipstack-lab create MACHINE_DIR",
      );
    }
    return parseMachine(text, file);
  }

  guest(name: string): GuestRecord {
    this.machine(name);
    return JSON.parse(fs.readFileSync(path.join(this.guestDir(name), "guest.json"), "utf8")) as GuestRecord;
  }

  saveGuest(name: string, guest: GuestRecord): void {
    writeAtomically(path.join(this.guestDir(name), "guest.json"), JSON.stringify(guest, null, 2) + "\n");
  }

  /** Removes what a lab made, in both folders. Foreign files (captures, say) stay; their names are returned. */
  remove(): string[] {
    fs.rmSync(this.runDir, { recursive: true, force: true });
    removeIfEmpty(RUN_ROOT);
    for (const entry of OWN_ENTRIES) fs.rmSync(this.file(entry), { recursive: true, force: true });
    const left = fs.existsSync(this.dir) ? fs.readdirSync(this.dir) : [];
    if (left.length === 0) removeIfEmpty(this.dir);
    return left;
  }
}

function removeIfEmpty(dir: string): void {
  try {
    fs.rmdirSync(dir);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(codeOf(error) ?? "")) throw error;
  }
}
