import * as net from "net";
import { forwardChanges, requireFreeForwards, takenForwards } from "../../lab/network";
import { LabState } from "../../lab/state";

test("forwards are changed by difference", () => {
  const one = { listen: 8080, to: "10.0.0.2:80" };
  const moved = { listen: 8080, to: "10.0.0.3:80" };
  const two = { listen: 8081, to: "10.0.0.2:81" };
  expect(forwardChanges([one, two], [one, two])).toEqual({ remove: [], add: [] });
  expect(forwardChanges([one], [moved, two])).toEqual({ remove: [one], add: [moved, two] });
});

test("every port in use is named, with its owner, and the others are not", async () => {
  const state = new LabState("/tmp/there-is-no-such-lab");
  const servers = [net.createServer(), net.createServer()];
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const forwards = servers.map((server, index) => ({
    listen: (server.address() as net.AddressInfo).port,
    to: `10.0.0.${index}:80`,
  }));
  const [first, second] = forwards.map(({ listen }) => listen);
  await new Promise((resolve) => servers[1]?.close(resolve));
  const why = expect.stringMatching(/^(\S.* \(process \d+\)|another process) listens on it$/) as string;
  expect(await takenForwards(state, forwards)).toEqual([{ ...forwards[0], why }]);
  await expect(requireFreeForwards(state, forwards)).rejects.toThrow(`port ${first} of 127.0.0.1 is not free: `);
  await new Promise((resolve) => servers[0]?.close(resolve));
  await expect(requireFreeForwards(state, forwards)).resolves.toBeUndefined();
  expect(second).not.toBe(first);
});
