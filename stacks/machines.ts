import { App } from "cdktf";
import { ConsulServer, MachinesStack, NomadServer } from "vipstack";
import { chain } from "../inventory/chain";

/** The machines of the chain, with Consul and Nomad on them. Jobs run on web1 and web2. */
export class ChainMachines extends MachinesStack<(typeof chain.machines)[number]["name"]> {
  readonly consul: ConsulServer;
  readonly nomad: NomadServer;

  constructor(app: App) {
    super(app, "machines", { inventory: chain, client: "vm-1" });
    const { server, web1, web2 } = this.all;
    this.consul = new ConsulServer(this, "consul", { machine: server });
    this.nomad = new NomadServer(this, "nomad", { machine: server, consul: this.consul });
    this.nomad.addClients([web1, web2], { docker: true });
  }
}
