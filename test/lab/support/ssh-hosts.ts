import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";

const LAB = join(__dirname, "..", "..", "..", "dist", "lab", "vipstack-lab.js");

/** Hosts that exist: guests of a lab with nothing but an address, reached by ssh. */
export class SshHosts {
  private readonly root = mkdtempSync(join(tmpdir(), "vipstack-hosts-"));
  private readonly labDirectory = join(this.root, "lab");

  /** @param hosts names and addresses, all in one subnet */
  constructor(
    private readonly subnet: string,
    private readonly hosts: Readonly<Record<string, string>>,
  ) {}

  /** What `ssh -F` reads. */
  get sshConfig(): string {
    return join(this.labDirectory, "ssh_config");
  }

  async start(): Promise<void> {
    const addresses = Object.fromEntries(Object.entries(this.hosts).map(([name, address]) => [name, [address]]));
    const machines = Object.keys(this.hosts);
    const document = { name: "hosts", subnets: [this.subnet], machines, addresses, forwards: [] };
    writeFileSync(join(this.root, "lab.json"), JSON.stringify(document));
    await this.lab("start", join(this.root, "lab.json"));
    await Promise.all(Object.entries(this.hosts).map(([name, address]) => this.create(name, address)));
  }

  async stop(): Promise<void> {
    await this.lab("stop");
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Runs a shell script on a host as `ssh NAME` does and returns all that it printed; fails where it does. */
  async run(host: string, script: string): Promise<string> {
    const { all } = await execa("ssh", ["-F", this.sshConfig, host, "sh", "-s"], { input: script, all: true });
    return all ?? "";
  }

  /** {@link run} of a file. */
  async runFile(host: string, file: string): Promise<string> {
    return this.run(host, readFileSync(file, "utf8"));
  }

  /** The lab's own command line. */
  async lab(...words: string[]): Promise<void> {
    await execa("node", [LAB, ...words, "--dir", this.labDirectory]);
  }

  private async create(name: string, address: string): Promise<void> {
    const folder = join(this.root, name);
    mkdirSync(folder);
    const prefix = this.subnet.split("/")[1] ?? "";
    const nics = [{ interface: "eth0", addresses: [`${address}/${prefix}`] }];
    writeFileSync(join(folder, "machine.json"), JSON.stringify({ name, memoryMiB: 320, nics }));
    writeFileSync(join(folder, "user-data"), "#cloud-config\n{}\n");
    await this.lab("create", folder);
  }
}
