import { ratiosOf, summarize } from "../../../scripts/bench/statistics";

test.each([
  { values: [5], summary: { median: 5, least: 5, most: 5 } },
  { values: [30, 10, 20], summary: { median: 20, least: 10, most: 30 } },
  { values: [100, 2, 3, 1], summary: { median: 2.5, least: 1, most: 100 } },
])("the median of $values is that of the sorted values", ({ values, summary }) => {
  expect(summarize(values)).toEqual(summary);
});

test("the values that were given keep their order", () => {
  const values = [3, 1, 2];
  summarize(values);
  expect(values).toEqual([3, 1, 2]);
});

test("nothing can't be summarized", () => {
  expect(() => summarize([])).toThrow("nothing was measured");
});

test("a ratio is that of two neighbouring runs", () => {
  expect(ratiosOf([20, 90], [10, 30])).toEqual([2, 3]);
  expect(() => ratiosOf([20, 90], [10])).toThrow("2 runs can't be compared with 1");
});
