import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { LabState } from "../../lab/state";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-state-"));
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

test("a lab's names follow from its folder, so that two labs never meet", () => {
  const one = new LabState("/srv/one");
  expect(one.namespace).toMatch(/^vipstack-[0-9a-f]{8}$/);
  expect(new LabState("/srv/../srv/one").namespace).toBe(one.namespace);
  expect(new LabState("/srv/two").namespace).not.toBe(one.namespace);
  expect(one.run("ssh", "x".repeat(32)).length + ".0123456789abcdef".length).toBeLessThan(108);
});

test("a lab that was not started says how to start it", () => {
  const state = new LabState(path.join(folder, "none"));
  expect(() => state.requireLab()).toThrow(`no lab was started in ${state.dir}`);
  expect(() => state.machine("vm-1")).toThrow('no machine "vm-1" in the lab');
  expect(state.guests()).toEqual([]);
});

test("removing a lab leaves files that are not its own", () => {
  const state = new LabState(path.join(folder, "kept"));
  fs.mkdirSync(state.file("guests", "vm-1"), { recursive: true });
  fs.writeFileSync(state.file("lab.json"), "{}");
  fs.writeFileSync(state.file("my-notes"), "x");
  expect(state.remove()).toEqual(["my-notes"]);
  expect(fs.readdirSync(state.dir)).toEqual(["my-notes"]);
  fs.rmSync(state.file("my-notes"));
  expect(state.remove()).toEqual([]);
  expect(fs.existsSync(state.dir)).toBe(false);
});
