import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeploymentDescription } from "../../constructs/deployment";
import { down } from "../../cli/down";
import { Program } from "../../cli/program";
import { RunningLab } from "../../cli/running";

const commands: (readonly string[])[] = [];
let listed: readonly RunningLab[] = [];
jest.mock("../../cli/lab", () => ({
  lab: (words: readonly string[]) => {
    if (words[0] === "list") return Promise.resolve({ stdout: JSON.stringify(listed), exitCode: 0 });
    commands.push(words);
    return Promise.resolve({ stdout: "", exitCode: 0 });
  },
  labMachines: () => Promise.resolve(undefined),
}));
jest.mock("../../cli/progress", () => ({
  runTasks: async (tasks: { enabled?: () => boolean; task: () => unknown }[]) => {
    for (const { enabled, task } of tasks) if (enabled === undefined || enabled()) await task();
  },
}));

const root = mkdtempSync(join(tmpdir(), "vipstack-down-"));
const stateFolder = join(root, ".vipstack", "web");
const dir = join(stateFolder, "lab");
const deployment = {
  ...{ name: "web", stack: "machines", stateFolder, access: { labDirectory: dir } },
  ...{ machines: [], virtualServices: [], gateways: [] },
} as DeploymentDescription;
const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  commands.length = 0;
  jest.spyOn(console, "log").mockImplementation((text: string) => printed.push(text));
  jest.spyOn(Program.prototype, "deployments").mockReturnValue([deployment]);
  jest.spyOn(Program.prototype, "providerStacks").mockReturnValue([]);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => {
  rmSync(root, { recursive: true });
});

const runs = (labDirectory: string): RunningLab => ({
  ...{ dir: labDirectory, folderDeleted: true },
  machines: [{ name: "web1", state: "ready" }],
});

test("a lab whose folder was deleted while it runs is stopped", async () => {
  listed = [runs(dir)];
  await down();
  expect(commands).toEqual([["stop", "--dir", dir]]);
  expect(printed).toEqual([]);
  expect(existsSync(stateFolder)).toBe(false);
});

test("where nothing of the program is up, other labs without a folder are named with how to stop them", async () => {
  listed = [runs("/gone/lab")];
  await down();
  expect(commands).toEqual([]);
  expect(printed).toEqual([
    "Nothing is up.\nThe folder of a lab was deleted while it runs: /gone/lab (web1). Stop it: npm run lab -- stop --dir /gone/lab",
  ]);
});
