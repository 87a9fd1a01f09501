import { hasLargeRegisters } from "../../lab/kernel-xstate";

test("a processor with AMX needs the kernel library, one without doesn't", () => {
  const flags = (words: string): string => `processor\t: 0\nflags\t\t: fpu sse2 avx512f ${words}\nbugs\t\t: amx_tile\n`;
  expect(hasLargeRegisters(flags("amx_bf16 amx_tile amx_int8"))).toBe(true);
  expect(hasLargeRegisters(flags("avx512vl"))).toBe(false);
  expect(hasLargeRegisters("")).toBe(false);
});
