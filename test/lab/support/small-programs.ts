import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether {@link elfSaying} makes programs that run here. */
export const RUNS_ELF = process.platform === "linux" && process.arch === "x64";

/**
 * A real program of 200 bytes for Linux on x86_64: it prints a text and ends.
 *
 * @param machine as an ELF header names the processor. @default 62, x86_64
 */
export function elfSaying(text: string, machine = 62): Buffer {
  const words = Buffer.from(`${text}\n`);
  const code = Buffer.from([
    ...[0xb8, 1, 0, 0, 0], // mov eax, 1 (write)
    ...[0xbf, 1, 0, 0, 0], // mov edi, 1 (standard output)
    ...[0x48, 0x8d, 0x35, 16, 0, 0, 0], // lea rsi, the text behind the code
    ...[0xba, 0, 0, 0, 0], // mov edx, its length
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 60, 0, 0, 0], // mov eax, 60 (exit)
    ...[0x31, 0xff], // xor edi, edi
    ...[0x0f, 0x05], // syscall
  ]);
  code.writeUInt32LE(words.length, 18);
  const [base, headers] = [0x400000n, 64 + 56];
  const size = BigInt(headers + code.length + words.length);
  const header = Buffer.alloc(headers);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // an executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(base + BigInt(headers), 24); // where it starts
  header.writeBigUInt64LE(64n, 32); // where the one program header is
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // loaded,
  header.writeUInt32LE(5, 68); // readable and executable
  header.writeBigUInt64LE(base, 80);
  header.writeBigUInt64LE(base, 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([header, code, words]);
}

/** A zip as another tool makes it. @param files name to content */
export function zipOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-zip-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const words = ["-m", "zipfile", "-c", "made.zip", ...Object.keys(files)];
    const { status, stderr } = spawnSync("python3", words, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return readFileSync(join(folder, "made.zip"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
