import { assumeTerminalSize } from "../../cli/terminal";

test.each([
  ["a terminal without a size is 80 by 24", { isTTY: true, columns: 0, rows: 0 }, { columns: 80, rows: 24 }],
  ["a terminal keeps its size", { isTTY: true, columns: 132, rows: 50 }, { columns: 132, rows: 50 }],
  ["a pipe stays without one", { columns: 0, rows: 0 }, { columns: 0, rows: 0 }],
])("%s", (_, terminal, expected) => {
  assumeTerminalSize(terminal);
  expect(terminal).toMatchObject(expected);
});
