import * as net from "net";
import { forwardChanges, requireFree } from "../../lab/network";

test("forwards are changed by difference", () => {
  const one = { listen: 8080, to: "10.0.0.2:80" };
  const moved = { listen: 8080, to: "10.0.0.3:80" };
  const two = { listen: 8081, to: "10.0.0.2:81" };
  expect(forwardChanges([one, two], [one, two])).toEqual({ remove: [], add: [] });
  expect(forwardChanges([one], [moved, two])).toEqual({ remove: [one], add: [moved, two] });
});

test("a port in use is named, with its owner", async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await expect(requireFree(port)).rejects.toThrow(`port ${port} of 127.0.0.1 is not free`);
  await new Promise((resolve) => server.close(resolve));
  await expect(requireFree(port)).resolves.toBeUndefined();
});
