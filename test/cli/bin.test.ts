import { statSync } from "node:fs";
import { join } from "node:path";
import { bin } from "../../package.json";

test.each(Object.entries(bin))("%s can be run from the checkout: npx runs the file as it is", (_, file) => {
  expect(statSync(join(__dirname, "..", "..", file)).mode & 0o111).toBe(0o111);
});
