import fc from "fast-check";
import { formatDuration, formFailures, parseDuration, rangeFailures } from "../../constructs/private/duration";

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
  expect(formFailures("delay", text)).toEqual([
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

test("a range names its ends, and whole seconds where only they count", () => {
  const range = { min: "1s", max: "1h" };
  for (const text of [undefined, "1s", "1500ms", "60m"]) expect(rangeFailures("wait", text, range, "")).toEqual([]);
  for (const text of ["0s", "1h1s", "10"])
    expect(rangeFailures("wait", text, range, "use '4s'")).toEqual([
      { property: "wait", rule: "must be a duration from 1s to 1h", got: text, cure: "use '4s'" },
    ]);
  expect(rangeFailures("wait", "1500ms", { ...range, wholeSeconds: true }, "use '4s'")).toEqual([
    { property: "wait", rule: "must be a duration in whole seconds from 1s to 1h", got: "1500ms", cure: "use '4s'" },
  ]);
});
