import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A lab test finds out minutes later that its program is wrong.

const PROGRAMS = join(__dirname, "programs");
/** Every switch of theirs is on. */
const KNOBS = {
  ...{ STEP: "first", CONSUL_ADDRESS: "http://10.0.0.5:8500", NOMAD_ADDRESS: "http://10.0.0.5:4646" },
  ...{ VIPSTACK_CONSUL_PORT: "18500", VIPSTACK_NOMAD_PORT: "14646", CONSUL_PORT: "18500", URI: "/*" },
  ...{ GATEWAY: "yes", ETCD: "yes", ADMIN: "yes", KEYED: "yes", CANARY: "10", DRIVERS: "rawExec", BROKEN: "yes" },
};

const folder = mkdtempSync(join(tmpdir(), "vipstack-lab-programs-"));
beforeAll(() => {
  Object.assign(process.env, KNOBS, { VIPSTACK_STATE: join(folder, "state") });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each(readdirSync(PROGRAMS))("%s synthesizes", (program) => {
  process.env.CDKTF_OUTDIR = join(folder, program);
  jest.isolateModules(() => {
    jest.requireActual(join(PROGRAMS, program));
  });
  expect(readdirSync(join(folder, program, "stacks"))).not.toEqual([]);
});
