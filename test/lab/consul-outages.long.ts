import { deployed } from "./support/deployment";
import { realServersOf, untilServed } from "./support/director";
import { BOOT, eventually } from "./support/waiting";

// A director that follows Consul, when Consul or a machine is away.

const scene = deployed("consul-director", { VIPSTACK_CONSUL_PORT: "18500" });
const vip = "http://192.168.139.29:80/";
const [web1, web2] = ["192.168.139.31:80", "192.168.139.32:80"];

/** Waits until exactly these get new connections. @returns the seconds that it took */
async function until(...expected: string[]): Promise<number> {
  return untilServed(scene, "ipvs", expected);
}

beforeAll(async () => {
  await until(web1, web2);
}, BOOT);

test(
  "Consul's only server frozen for a minute, under load: nothing changes, no request fails",
  async () => {
    const load = await scene.startLoad("vm-1", { address: "192.168.139.29", port: 80, held: 10 });
    await scene.lab("freeze", "server");
    // The freeze itself is what is tested, so it has to last.
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    expect(await realServersOf(scene, "ipvs")).toEqual([web1, web2]);
    await scene.lab("thaw", "server");
    expect(await load.finish()).toMatchObject({ heldLost: 0, newFailed: [] });
    await until(web1, web2);
  },
  BOOT,
);

test(
  "the director rebooted while Consul is away serves the real servers that it knew",
  async () => {
    await scene.lab("power-cut", "server");
    await scene.lab("power-cut", "ipvs");
    // Its boot is done when cloud-init is; its Consul agent goes on looking for a server.
    await scene.lab("power-on", "ipvs");
    await until(web1, web2);
    expect(await scene.answers("vm-1", vip, 4)).toEqual({ web1: 2, web2: 2 });
    await scene.lab("power-on", "server");
    await scene.on("web1", "systemctl stop caddy");
    await until(web2);
    await scene.on("web1", "systemctl start caddy");
    await until(web1, web2);
  },
  2 * BOOT,
);

test(
  "a machine without power leaves, and comes back with its power",
  async () => {
    await scene.lab("power-cut", "web2");
    const left = await until(web1);
    expect(await scene.answers("vm-1", vip, 4)).toEqual({ web1: 4 });
    await scene.lab("power-on", "web2");
    console.log(`power cut of web2: out after ${left} s, back after ${await until(web1, web2)} s from its boot`);
  },
  2 * BOOT,
);

test(
  "after a power cut of everything all comes back without a hand",
  async () => {
    await scene.on("server", "consul kv put lab/word stays");
    const machines = ["vm-1", "ipvs", "server", "web1", "web2"];
    for (const machine of machines) await scene.lab("power-cut", machine);
    await Promise.all(machines.map((machine) => scene.lab("power-on", machine)));
    await until(web1, web2);
    expect(await scene.on("server", "consul kv get lab/word")).toBe("stays");
    await eventually(async () => {
      expect(await scene.answers("vm-1", vip, 4)).toEqual({ web1: 2, web2: 2 });
    });
  },
  2 * BOOT,
);
