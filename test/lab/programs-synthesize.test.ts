import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";

// The lab tests' own programs are plain JavaScript, so no compiler sees that the library changed under them.

const SUPPORT = join(__dirname, "support");
/** Every switch of theirs is on. */
const KNOBS = {
  ...{ STEP: "first", CONSUL_ADDRESS: "http://10.0.0.5:8500", NOMAD_ADDRESS: "http://10.0.0.5:4646" },
  ...{ VIPSTACK_CONSUL_PORT: "18500", VIPSTACK_NOMAD_PORT: "14646", CONSUL_PORT: "18500", URI: "/*" },
  ...{ GATEWAY: "yes", ETCD: "yes", ADMIN: "yes", KEYED: "yes", CANARY: "10", DRIVERS: "rawExec", BROKEN: "yes" },
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vipstack-lab-programs-"));
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(folder, "node_modules"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each(readdirSync(SUPPORT).filter((name) => name.endsWith("-program.js")))(
  "%s synthesizes",
  async (program) => {
    const env = { ...KNOBS, CDKTF_OUTDIR: join(folder, program), VIPSTACK_STATE: join(folder, "state") };
    await execa.node(join(SUPPORT, program), { cwd: folder, env });
    expect(readdirSync(join(folder, program, "stacks"))).not.toEqual([]);
  },
  60_000,
);
