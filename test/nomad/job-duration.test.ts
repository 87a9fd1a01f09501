import fc from "fast-check";
import { durationFailures, formatDuration, parseDuration } from "../../constructs/nomad/job-duration";

test.each([
  ["10s", 10e9],
  ["1m30s", 90e9],
  ["500ms", 0.5e9],
  ["1.5h", 5400e9],
  ["0s", 0],
  ["0", 0],
])("%s is a duration", (text, value) => {
  expect(parseDuration(text)).toBe(value);
});

test.each(["10", "", "s", "10 s", "1d", "-1s", "1s2", "ten"])("'%s' is none", (text) => {
  expect(durationFailures({ delay: text })).toEqual([
    { property: "delay", rule: "must be a duration", got: text, cure: "write it like '10s', '1m30s' or '500ms'" },
  ]);
});

test("what is written is read again", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8_640_000 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds * 1e6))).toBe(milliseconds * 1e6);
    }),
  );
});
