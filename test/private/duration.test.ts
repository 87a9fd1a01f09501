import fc from "fast-check";
import { durationFailures, DurationRange, formatDuration, parseDuration } from "../../constructs/private/duration";

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

test("a range names its ends, and what is in it", () => {
  const failures = (got: string | undefined, range: DurationRange, cure?: string) =>
    durationFailures({ wait: got }, range, cure).map((each) => `${each.rule}: ${each.cure}`);
  const range: DurationRange = { min: "1s", max: "1h" };
  for (const text of [undefined, "1s", "1500ms", "60m"]) expect(failures(text, range)).toEqual([]);
  expect(failures("0s", range)).toEqual(["must be a duration from 1s to 1h: use '1s' or more"]);
  expect(failures("1h1s", range)).toEqual(["must be a duration from 1s to 1h: use '1h' or less"]);
  expect(failures("0s", range, "'4s' is usual")).toEqual(["must be a duration from 1s to 1h: '4s' is usual"]);
  expect(failures("1500ms", { ...range, whole: "seconds" })).toEqual([
    "must be a duration of whole seconds from 1s to 1h: use whole seconds",
  ]);
  expect(failures("1us", { whole: "milliseconds" })).toEqual([
    "must be a duration of whole milliseconds, 0s or more: use whole milliseconds",
  ]);
  expect(failures("0s", { above: "0s" })).toEqual(["must be a duration above 0s: use more than '0s'"]);
});
