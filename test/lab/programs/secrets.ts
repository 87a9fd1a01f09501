// A machine with two roles that need a secret.
import { App, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { defineInventory, Machine, MachinesStack } from "vipstack";

/** Fails without its secret, again and again; a reload leaves a line with the secret's hash. */
class Keeper extends Construct {
  constructor(scope: Construct, id: string, { machine, key }: { machine: Machine; key: string }) {
    super(scope, id);
    machine.contribute(this, {
      units: [{ name: "keeper.service", wait: false, content: KEEPER }],
      liveFiles: [{ path: "/etc/keeper.conf", content: "live\n", reloads: "keeper.service" }],
      secrets: [{ path: "/etc/keeper/keeper.key", content: key, reloads: "keeper.service" }],
    });
  }
}

/** Is left out of a boot without its secret, and can't reload. Reads it as another user. */
class Reader extends Construct {
  constructor(scope: Construct, id: string, { machine, token }: { machine: Machine; token: string }) {
    super(scope, id);
    machine.contribute(this, () => ({
      units: [{ name: "reader.service", content: READER }],
      secrets: [{ path: "/etc/reader.conf", content: `token "${token}"\n`, reloads: "reader.service" }],
    }));
  }
}

const KEEPER = `[Service]
Restart=on-failure
RestartSec=5
ExecStartPre=/usr/bin/test -s /etc/keeper/keeper.key
ExecStart=/usr/bin/sleep infinity
ExecReload=/bin/sh -c 'sha256sum /etc/keeper/keeper.key >> /run/keeper-reloads'
[Install]
WantedBy=multi-user.target
`;
const READER = `[Unit]
ConditionPathExists=/etc/reader.conf
[Service]
DynamicUser=yes
LoadCredential=conf:/etc/reader.conf
RuntimeDirectory=reader
ExecStart=/bin/sh -c 'sha256sum < %d/conf > /run/reader/sum; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;

const inventory = defineInventory({
  name: "secrets",
  subnets: ["10.91.0.0/24"],
  machines: [{ name: "box", address: "10.91.0.10" }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const secret = (id: string): string =>
  new TerraformVariable(machines, id, { type: "string", sensitive: true }).stringValue;
// Boot content: another one is another machine.
machines.all.box.contribute(machines, { files: [{ path: "/etc/edition", content: process.env.EDITION ?? "first" }] });
new Keeper(machines, "keeper", { machine: machines.all.box, key: secret("key") });
new Reader(machines, "reader", { machine: machines.all.box, token: secret("token") });
app.synth();
