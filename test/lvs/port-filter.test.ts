import { FilterAction } from "../../constructs/lvs";
import { Machines, messageOf } from "./support/program";

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "a filter has a sixteenth slot",
    ({ director }) =>
      director().addPortFilter("f", {
        ports: ["1:2", ...Array.from({ length: 14 }, (_, index) => String(100 + index))],
        action: FilterAction.DROP,
      }),
    "test/director/f: 'ports' must fit into 15 slots, of which a range takes two, got 16: make a second filter for the rest",
  ],
  [
    "a filter's ports and source are none",
    ({ director }) =>
      director().addPortFilter("f", { ports: ["25:21", "http"], action: FilterAction.DROP, source: "here" }),
    "test/director/f: 3 problems\n" +
      "  - 'ports' must hold ports from 0 to 65535 or ranges of them, got \"25:21\": write '80' or '21:25', the smaller port first\n" +
      "  - 'ports' must hold ports from 0 to 65535 or ranges of them, got \"http\": write '80' or '21:25', the smaller port first\n" +
      "  - 'source' must be an address or a network, got \"here\": write it like '10.0.0.7' or '10.0.0.0/24'",
  ],
  [
    "a filter names no port",
    ({ director }) => director().addPortFilter("f", { ports: [], action: FilterAction.DROP }),
    "test/director/f: 'ports' must name at least one port: for example [\"21:25\"]",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});
