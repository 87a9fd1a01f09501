import fc from "fast-check";
import { renderConfig } from "../../../constructs/agents";

test("arguments, lists, blocks with and without a label, names of the user's own", () => {
  const text = renderConfig(["Why.", "More."], {
    name: "a",
    count: 2,
    on: true,
    list: ["a", "b"],
    left_out: undefined,
    'plugin "docker"': { config: { empty: {}, "example.com/zone": "x" } },
  });
  expect(text).toBe(`# Why.
# More.
name = "a"
count = 2
on = true
list = ["a", "b"]
plugin "docker" {
  config {
    empty {
    }
    "example.com/zone" = "x"
  }
}
`);
});

test("no text leaves its quotes, whatever it holds", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, value) => {
      const text = renderConfig([], { meta: { [`${name}.`]: value } });
      expect(text).toBe(`meta {\n  ${JSON.stringify(`${name}.`)} = ${JSON.stringify(value)}\n}\n`);
    }),
  );
});
