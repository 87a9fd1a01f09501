import { checkSystem } from "../../lab/host";

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
