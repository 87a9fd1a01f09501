import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { Progress } from "../../lab/events";
import { requireFree } from "../../lab/forwards";
import { checkSystem } from "../../lab/host";
import { damageOf } from "../../lab/image";
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

test("events are appended as lines of JSON; the same one twice in a row is written once", () => {
  const state = new LabState(path.join(folder, "events"));
  fs.mkdirSync(state.dir);
  const progress = new Progress(state, true);
  progress.tell("ipvs", "kernel", "Linux started", 2);
  progress.tell("ipvs", "kernel", "Linux started", 2);
  progress.tell(null, "network", "up");
  const lines = fs.readFileSync(state.file("events.ndjson"), "utf8").trim().split("\n");
  const time = expect.any(String) as string;
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time, machine: "ipvs", stage: "kernel", detail: "Linux started", percent: 2 },
    { time, machine: null, stage: "network", detail: "up" },
  ]);
});

test("a host that can't have a lab gets an error with a cure", () => {
  const good = { platform: "linux", arch: "x64", uid: 0, debian: true, tun: true };
  expect(() => {
    checkSystem(good);
  }).not.toThrow();
  const cases: [Partial<typeof good>, string][] = [
    [{ platform: "darwin" }, "the lab runs on Linux on x86_64 only; this is darwin on x64"],
    [{ arch: "arm64" }, "this is linux on arm64"],
    [{ debian: false }, "the lab needs Debian or Ubuntu"],
    [{ uid: 1000 }, "the lab needs root"],
    [{ tun: false }, "/dev/net/tun can't be opened"],
  ];
  for (const [change, message] of cases) {
    expect(() => {
      checkSystem({ ...good, ...change });
    }).toThrow(message);
  }
});

test("a port in use is named, with its owner", async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await expect(requireFree(port)).rejects.toThrow(`port ${port} of 127.0.0.1 is not free`);
  await new Promise((resolve) => server.close(resolve));
  await expect(requireFree(port)).resolves.toBeUndefined();
});

test("a missing, cut or changed image is noticed", async () => {
  const image = path.join(folder, "image.ext4");
  await expect(damageOf(image)).resolves.toBe("it is not there");
  fs.writeFileSync(image, "x".repeat(100));
  await expect(damageOf(image)).resolves.toBe("its description is not there");
  fs.writeFileSync(`${image}.json`, JSON.stringify({ size: 200, mtimeMs: 0 }));
  await expect(damageOf(image)).resolves.toBe("100 bytes instead of 200");
  fs.writeFileSync(`${image}.json`, JSON.stringify({ size: 100, mtimeMs: 0 }));
  await expect(damageOf(image)).resolves.toBe("it was changed after it was built");
  fs.writeFileSync(`${image}.json`, "{");
  await expect(damageOf(image)).resolves.toBe("its description can't be read");
});
