import { DeploymentDescription } from "../../constructs/deployment";
import { CliError } from "../../cli/errors";
import { choose, Running, RunningLab } from "../../cli/running";
import { Synthesis } from "../../cli/synthesis";

test("the only one that is up is meant", () => {
  const web = running("web", "/state/web");
  expect(choose([web], [], {})).toBe(web);
});

test("of several the one with the machine, the named one, or that of this folder", () => {
  const web = running("web", "/state/web", ["web1"]);
  const chain = running("chain", "/state/chain", ["director"]);
  const own = running("lab", "/state/lab", ["director"], "cdktf.out");
  expect(choose([web, chain], [], { machine: "director" })).toBe(chain);
  expect(choose([web, chain], [], { deployment: "web" })).toBe(web);
  expect(choose([web, chain], [], { deployment: "/state/chain" })).toBe(chain);
  expect(choose([web, chain, own], [], {})).toBe(own);
  expect(choose([web, chain, own], [], { machine: "web1" })).toBe(web);
  const example = running("lab", "/state/example", ["director"], "cdktf.out/examples/weights");
  expect(choose([web, chain, example], [], {})).toBe(example);
  expect(choose([chain, example, own], [], {})).toBe(own);
});

test("several fit: an error that names them, by their folders where the names are the same", () => {
  expect(() => choose([running("web", "/state/web"), running("chain", "/state/chain")], [], {})).toThrow(
    new CliError("several deployments are up", "name one by --deployment: web, chain"),
  );
  expect(() => choose([running("lab", "/state/a"), running("lab", "/state/b")], [], { deployment: "lab" })).toThrow(
    new CliError("several deployments are up", "name one by --deployment: /state/a, /state/b"),
  );
});

test("none fits: what there is, and labs whose folder was deleted", () => {
  const machines = [{ name: "web1", state: "ready" }];
  const deleted: RunningLab = { dir: "/state/gone/lab", folderDeleted: true, machines };
  expect(() => choose([], [deleted], {})).toThrow(
    /^nothing is up\nThe folder of a lab was deleted while it runs: \/state\/gone\/lab \(web1\)\. Stop it: .*lab.* stop --dir \/state\/gone\/lab$/,
  );
  expect(() => choose([running("web", "/state/web")], [], { deployment: "wbe" })).toThrow(
    new CliError("no deployment 'wbe' is up", "choose one of: web"),
  );
  expect(() => choose([running("web", "/state/web", ["web1", "web2"])], [], { machine: "web3" })).toThrow(
    new CliError("no machine 'web3' is up", "choose one of: web1, web2"),
  );
});

function running(name: string, stateFolder: string, machines = ["web1"], output = "/elsewhere/cdktf.out"): Running {
  const deployment: Partial<DeploymentDescription> = {
    name,
    stateFolder,
    machines: machines.map((machine) => ({
      name: machine,
      addresses: [],
      roles: [],
      shell: { command: "sh -s" },
    })),
  };
  return { deployment: deployment as DeploymentDescription, synthesis: new Synthesis(output) };
}
