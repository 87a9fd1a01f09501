import { defineInventory } from "../../constructs";

/** Three machines on one subnet: a client, a machine with two web servers, a director. */
export const lab = defineInventory({
  name: "lab",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "d2", address: "192.168.139.184" },
    { name: "ipvs", address: "192.168.139.29" },
  ],
  // The VIP in a browser of this host; VIPSTACK_VIP_PORT chooses another port where 8080 is taken.
  forwards: [{ listen: Number(process.env.VIPSTACK_VIP_PORT ?? "8080"), to: "192.168.139.29:80" }],
});
