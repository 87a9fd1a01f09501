import { Director, ForwardingMethod, Plane } from "../../constructs/lvs";
import { LabBackend, Machine } from "../../constructs/machine";
import { synth, SynthResult } from "../support/synth";

function directorOf(plane?: Plane): SynthResult {
  return synth((stack) => {
    const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
    const machine = (name: string, last: number): Machine =>
      new Machine(stack, name, { backend, interfaces: { eth0: [`10.0.0.${last}/24`, `fd00::${last}/64`] } });
    const [ipvs, web1, web2] = [machine("ipvs", 20), machine("web1", 31), machine("web2", 32)];
    web2.contribute(stack, { beforeRemoval: { withdraw: ["leave-discovery"], stop: ["systemctl stop web"] } });
    const exists = Machine.fromMachineAttributes(stack, "other", { interfaces: { eth0: ["10.0.0.40/24"] } });
    const director = new Director(stack, "director", { machine: ipvs, plane });
    for (const port of [80, 443]) {
      director.addVirtualService(`web-${port}`, {
        address: "10.0.0.100",
        port,
        forwarding: ForwardingMethod.masquerading({ snat: true }),
        realServers: [
          { machine: web1, port },
          { machine: web2, port },
          { machine: exists, port },
        ],
      });
    }
  });
}

function commandsOf(synthesized: SynthResult, id: string): string[] {
  return synthesized.data(id).provisioner.map((each) => each["local-exec"].command);
}

const SHELL = 'ssh -F "$LAB_DIRECTORY/ssh_config" ipvs sh -s';

test("rules are pushed once the machines of their real servers are made", () => {
  expect(directorOf().data("ipvs_live").depends_on).toEqual(
    expect.arrayContaining(["terraform_data.ipvs", "terraform_data.web1", "terraform_data.web2"]),
  );
});

test("a machine that is made anew is drained before, by each director once, and gets connections again afterwards", () => {
  const machines = directorOf();
  const program = "set -a; . /etc/default/vipstack-ipvs; set +a; /usr/local/lib/vipstack/ipvs-rules";
  expect(commandsOf(machines, "ipvs_drains_web2")).toEqual([
    `echo '${program} return 10.0.0.32 fd00::32' | ${SHELL}`,
    `[ "$VIPSTACK_DRAIN" = no ] || echo '${program} leave 10.0.0.32 fd00::32' | ${SHELL} || ` +
      "echo 'web2 is removed, although ipvs could not drain its real servers' >&2",
  ]);
  expect(machines.data("ipvs_drains_web2").triggers_replace).toEqual({ machine: "${terraform_data.web2.id}" });
  const ids = Object.keys(machines.json.resource.terraform_data);
  expect(ids.filter((id) => id.includes("drains"))).toEqual(["ipvs_drains_web1", "ipvs_drains_web2"]);
});

test("connections are drained, then the machine ends what it serves, then it goes", () => {
  const machines = directorOf();
  expect(machines.data("ipvs_drains_web2").depends_on).toContain("terraform_data.web2_farewell");
  expect(machines.data("web2_farewell").depends_on).toEqual(["terraform_data.web2_live"]);
  expect(commandsOf(machines, "web2_farewell")[0]).toContain("echo '/usr/local/lib/vipstack/before-removal' | ssh");
  expect(machines.file("machines/web2/files/usr/local/lib/vipstack/before-removal")).toMatch(
    /\nleave-discovery\nsleep 10\nsystemctl stop web\n$/,
  );
  // One that ends nothing has no resource for it.
  expect(machines.data("ipvs_drains_web1").depends_on).not.toContain("terraform_data.web1_farewell");
});

test("a machine that left the program is removed by the lab after the director's new rules, and after the drain", () => {
  const machines = directorOf();
  expect(machines.data("lab_members").depends_on).toContain("terraform_data.ipvs_live");
  expect(JSON.parse(machines.file("lab.json"))).toMatchObject({
    beforeRemoval: [
      {
        on: "ipvs",
        command: "set -a; . /etc/default/vipstack-ipvs; set +a; /usr/local/lib/vipstack/ipvs-rules leave",
      },
    ],
  });
  expect(JSON.parse(machines.file("machines/web2/machine.json"))).toMatchObject({
    beforeRemoval: "/usr/local/lib/vipstack/before-removal",
  });
});

test("on the iptables plane by its own program", () => {
  expect(commandsOf(directorOf(Plane.IPTABLES), "ipvs_drains_web1")[0]).toBe(
    `echo '/usr/local/lib/vipstack/iptables-rules return 10.0.0.31 fd00::31' | ${SHELL}`,
  );
});
