import { programsLine } from "../../cli/lab";

const common = { available: true, source: "cache" } as const;

test("the line names each program with its licence, and says which is not open source", () => {
  const line = programsLine([
    { ...common, name: "consul", version: "1.14.11", licence: "MPL-2.0", openSource: true },
    { ...common, name: "nomad", version: "2.0.4", licence: "BUSL-1.1", openSource: false },
    { ...common, name: "consul-template", version: "0.43.0", licence: null, openSource: false },
  ]);
  expect(line).toBe(
    "Programs: consul 1.14.11 (MPL-2.0), nomad 2.0.4 (BUSL-1.1, not open source), consul-template 0.43.0 (licence unknown)",
  );
});
