// A connection that hangs, and its cure in three steps: IPVS with masquerading where client and real servers share a subnet.
//   STEP=1 npm run up -- s2-step-by-step     no SNAT: the real server answers the client directly, the entry stays in SYN_RECV
//   STEP=2 npm run up -- s2-step-by-step     SNAT rules alone: IPVS flows are not in conntrack, so the rules never match
//   STEP=3 npm run up -- s2-step-by-step     net.ipv4.vs.conntrack=1 as well: it works (the default)
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack, Refusal } from "vipstack";

const steps: Record<string, { forwarding: ForwardingMethod; acknowledge: Refusal[] }> = {
  1: { forwarding: ForwardingMethod.masquerading(), acknowledge: [Refusal.MASQUERADING_SAME_SUBNET] },
  2: {
    forwarding: ForwardingMethod.masquerading({ snat: true, conntrack: false }),
    acknowledge: [Refusal.SNAT_WITHOUT_CONNTRACK],
  },
  3: { forwarding: ForwardingMethod.masquerading({ snat: true }), acknowledge: [] },
};
const step = process.env.STEP ?? "3";
const settings = steps[step];
if (settings === undefined) throw new Error(`STEP must be 1, 2 or 3, got '${step}'`);

const inventory = defineInventory({
  name: "s2-step-by-step",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "d2", address: "192.168.139.184" },
    { name: "ipvs", address: "192.168.139.29" },
  ],
});

const app = new App();
// Only the last step answers, so only there `up` waits for an answer.
const machines = new MachinesStack(app, "machines", { inventory, client: step === "3" ? "vm-1" : undefined });
const { d2, ipvs } = machines.all;

new Caddy(machines, "caddy", { machine: d2, answers: { 80: "d2:80", 81: "d2:81" } });
new Director(machines, "director", { machine: ipvs }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  ...settings,
  realServers: [
    { machine: d2, port: 80 },
    { machine: d2, port: 81 },
  ],
});

app.synth();
