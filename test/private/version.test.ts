import { versionAtLeast } from "../../constructs/private/version";

test.each([
  ["1.22.5", "1.22.5", true],
  ["1.22.10", "1.22.5", true],
  ["1.22.4", "1.22.5", false],
  ["2.0.0", "1.22.5", true],
  ["1.9.9", "1.22.5", false],
  ["1.22.5+ent", "1.22.5", true],
])("%s is at least %s: %s", (version, minimum, expected) => {
  expect(versionAtLeast(version, minimum)).toBe(expected);
});
