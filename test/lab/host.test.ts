import { checkSystem, hasLargeRegisters } from "../../lab/host";

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

test("a processor with AMX needs the kernel library, one without doesn't", () => {
  const flags = (words: string): string => `processor\t: 0\nflags\t\t: fpu sse2 avx512f ${words}\nbugs\t\t: amx_tile\n`;
  expect(hasLargeRegisters(flags("amx_bf16 amx_tile amx_int8"))).toBe(true);
  expect(hasLargeRegisters(flags("avx512vl"))).toBe(false);
  expect(hasLargeRegisters("")).toBe(false);
});
