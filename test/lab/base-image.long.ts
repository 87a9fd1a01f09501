import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { BOOT } from "./support/waiting";

const LAB = join(__dirname, "..", "..", "dist", "lab", "vipstack-lab.js");
const root = mkdtempSync(join(tmpdir(), "vipstack-lab-test-"));

afterAll(() => {
  rmSync(root, { recursive: true });
});

test(
  "a damaged base image is noticed, said, and built again",
  async () => {
    const images = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "vipstack", "images");
    const cache = join(root, "cache", "vipstack", "images");
    mkdirSync(cache, { recursive: true });
    // The image in use, cut off after a megabyte, with what the cache remembers of the whole one.
    for (const name of readdirSync(images).filter((each) => /\.(ext4|json)$/.test(each))) {
      await execa("head", ["--bytes=1M", join(images, name)], { stdout: "pipe", encoding: null }).then(({ stdout }) => {
        writeFileSync(join(cache, name), stdout);
      });
    }
    const { all = "" } = await execa("node", [LAB, "prepare"], {
      all: true,
      env: { XDG_CACHE_HOME: join(root, "cache") },
    });
    expect(all).toMatch(/base image in the cache is damaged \(.*\); building it again/);
    const again = await execa("node", [LAB, "prepare"], { all: true, env: { XDG_CACHE_HOME: join(root, "cache") } });
    expect(again.all).not.toMatch(/damaged|building/);
  },
  BOOT,
);
