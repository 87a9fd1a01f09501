import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { damageOf } from "../../lab/base-image";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-state-"));
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
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
