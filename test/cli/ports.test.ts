import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { DeploymentDescription } from "../../constructs/deployment";
import { CliError } from "../../cli/errors";
import { portsError, requirePorts } from "../../cli/ports";
import { Program } from "../../cli/program";

// Sources can't be run, so the lab's compiled program is.
jest.mock("../../cli/lab", () => ({
  lab: (words: string[], options: object) =>
    execa("node", [join(__dirname, "..", "..", "dist", "lab", "vipstack-lab.js"), ...words], options),
}));

const taken = [
  { listen: 8080, to: "10.0.0.2:80", why: "nginx (process 17) listens on it" },
  { listen: 18500, to: "10.0.0.3:8500", why: "the lab in /a forwards it to 10.0.0.9:8500" },
];

test("each port that is taken is named with what has it", () => {
  expect(portsError(taken, true).message).toBe(
    "port 8080 of this host, which leads to 10.0.0.2:80, is not free: nginx (process 17) listens on it\n" +
      "port 18500 of this host, which leads to 10.0.0.3:8500, is not free: the lab in /a forwards it to 10.0.0.9:8500",
  );
});

test.each([
  ["a usual port of this project's programs", true, {}, "VIPSTACK_VIP_PORT=OTHER moves 8080"],
  [
    "a port of a program of one's own",
    false,
    {},
    `{ listen: OTHER, to: "10.0.0.2:80" } in 'forwards' of the inventory moves 8080`,
  ],
  [
    "a port that a variable has moved there",
    false,
    { VIPSTACK_NOMAD_PORT: "8080" },
    "VIPSTACK_NOMAD_PORT=OTHER moves 8080",
  ],
])("the setting that moves %s is named", (_, ours, environment, move) => {
  expect(portsError(taken.slice(0, 1), ours, environment).cure).toBe(
    `end what has it, or choose another port: ${move}`,
  );
});

test("what has a port is found before anything is made", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-ports-"));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  mkdirSync(join(folder, "machines"));
  const document = {
    name: "lab",
    subnets: ["10.0.0.0/24"],
    machines: [],
    forwards: [{ listen: port, to: "10.0.0.2:80" }],
  };
  writeFileSync(join(folder, "machines", "lab.json"), JSON.stringify(document));
  const program = new Program(undefined, "true");
  jest.spyOn(program, "stackFolder").mockReturnValue(join(folder, "machines"));
  const deployment = { stack: "machines", access: { labDirectory: join(folder, "lab") } } as DeploymentDescription;
  const error = await requirePorts(program, [deployment], false).catch((reason: unknown) => reason);
  await new Promise((resolve) => server.close(resolve));
  expect(error).toBeInstanceOf(CliError);
  expect((error as CliError).message).toMatch(
    new RegExp(`^port ${port} of this host, which leads to 10.0.0.2:80, is not free: .* listens on it$`),
  );
  await expect(requirePorts(program, [deployment], false)).resolves.toBeUndefined();
  rmSync(folder, { recursive: true });
});
