import { Machines, messageOf } from "./support/program";

const service = { address: "192.168.139.100", port: 80 };

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "a redirect's port is taken, and its range is upside down",
    ({ director }) => {
      const made = director();
      made.addVirtualService("web", service);
      made.addRedirect("r", { port: 80, toPorts: [8002, 8001] });
    },
    "test/director/r: 2 problems\n" +
      "  - 'toPorts' must name the first port, then the last one, got [8002,8001]: write [8001, 8002]\n" +
      "  - 'port' can't be redirected, because test/director/web answers for it, got 80: choose another port, or an 'address' of its own for each of the two",
  ],
  [
    "a redirect's numbers and address are none",
    ({ director }) => director().addRedirect("r", { port: 70000, toPorts: [0, 1], address: "x" }),
    "test/director/r: 3 problems\n" +
      "  - 'port' must be a whole number from 1 to 65535, got 70000: choose the port that clients connect to\n" +
      "  - 'toPorts' must be a whole number from 1 to 65535, got 0: choose local ports\n" +
      "  - 'address' must be an IPv4 or IPv6 address, got \"x\": write it like '192.168.139.29', or leave it out for every address of the director",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});

test("fails when a virtual service's port is redirected", () => {
  expect(
    messageOf(({ director }) => {
      const made = director();
      made.addRedirect("r", { port: 80, toPorts: [8001, 8002] });
      made.addVirtualService("web", service);
    }),
  ).toMatch(/^test\/director\/web: 'port' can't be taken twice; test\/director\/r already answers for tcp/);
});
