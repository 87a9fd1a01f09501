import { ConsulKeys } from "../../constructs";
import { synth } from "../support/synth";
import { resources } from "./support/resources";

test("keys are deleted with the program, sorted, and free of Terraform's syntax", () => {
  const { consul_keys: keys } = resources((stack) => {
    new ConsulKeys(stack, "settings", { keys: { "web/b": "${x}", "web/a": "%{y}" } });
  });
  expect(keys).toEqual({
    settings: {
      key: [
        { path: "web/a", value: "%%{y}", delete: true },
        { path: "web/b", value: "$${x}", delete: true },
      ],
    },
  });
});

test("wrong keys are reported at once", () => {
  expect(() =>
    synth((stack) => {
      new ConsulKeys(stack, "settings", { keys: { "/web": "x", "a/../b": "x", c: "", d: "é".repeat(262145) } });
    }),
  ).toThrow(
    [
      "test/settings: 4 problems",
      "  - 'keys' must be paths without a slash at either end and without the parts '', '.' and '..', got \"/web\": write it like 'web/title'",
      "  - 'keys' must be paths without a slash at either end and without the parts '', '.' and '..', got \"a/../b\": write it like 'web/title'",
      "  - 'keys[\"c\"]' must have a value of 1 to 524288 bytes, got \"0 bytes\": leave the key out, or write a word for 'none'",
      '  - \'keys["d"]\' must have a value of 1 to 524288 bytes, got "524290 bytes": split it over several keys',
    ].join("\n"),
  );
});
