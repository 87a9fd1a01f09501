import { defineInventory } from "vipstack";

/**
 * Five machines on one subnet: a client, a director, a server of Consul and Nomad, and two machines on which jobs run. Web pages
 * are forwarded to this host; an environment variable moves a port that is taken.
 */
export const chain = defineInventory({
  name: "lab",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "server", address: "192.168.139.24", memoryMiB: 1200 },
    { name: "web1", address: "192.168.139.31", memoryMiB: 1500 },
    { name: "web2", address: "192.168.139.32", memoryMiB: 1500 },
  ],
  forwards: [
    { listen: Number(process.env.VIPSTACK_VIP_PORT ?? "8080"), to: "192.168.139.29:80" },
    { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8500"), to: "192.168.139.24:8500" },
    { listen: Number(process.env.VIPSTACK_NOMAD_PORT ?? "4646"), to: "192.168.139.24:4646" },
  ],
});
