import { BOOT, countLines, curlTimes, deployed, eventually, MINUTES } from "./support/deployment";

// A director that follows Consul, on machines of their own: what an agent, a check, a frozen server or a power cut decides.

const scene = deployed("consul-director");
const vip = "http://192.168.139.29:80/";
const [web1, web2] = ["192.168.139.31:80", "192.168.139.32:80"];

/** Real servers that get new connections, as the kernel has them. */
async function realServers(): Promise<string[]> {
  const table = await scene.on("ipvs", "ipvsadm -S -n");
  return [...table.matchAll(/-r (\S+) -m -w [1-9]/g)].map((match) => match[1] ?? "").sort();
}

/** Waits until exactly these get new connections. @returns the seconds that it took */
async function until(...expected: string[]): Promise<number> {
  const started = Date.now();
  await eventually(async () => {
    expect(await realServers()).toEqual(expected);
  }, 3 * MINUTES);
  return Math.round((Date.now() - started) / 1000);
}

test(
  "Consul lists its server and both instances, with address and port",
  async () => {
    const catalog = await scene.on("server", "consul catalog services");
    expect(catalog.split("\n")).toEqual(["consul", "hello"]);
    const instances = JSON.parse(
      await scene.on("server", "curl --silent http://127.0.0.1:8500/v1/health/service/hello?passing"),
    ) as { Node: { Node: string }; Service: { Address: string; Port: number } }[];
    expect(instances.map(({ Node, Service }) => `${Node.Node} ${Service.Address}:${Service.Port}`).sort()).toEqual([
      `web1 ${web1}`,
      `web2 ${web2}`,
    ]);
  },
  MINUTES,
);

test(
  "requests alternate between the healthy instances",
  async () => {
    await until(web1, web2);
    expect(countLines(await scene.on("vm-1", curlTimes(10, vip)))).toEqual({ web1: 5, web2: 5 });
  },
  4 * MINUTES,
);

test(
  "why consul-without-snat is refused: without the SNAT rules instances answer past the director, and it hangs",
  async () => {
    await scene.on("ipvs", "iptables -t nat -F VIPSTACK-POSTROUTING");
    const curl = scene.tryOn("vm-1", `curl --silent --max-time 6 ${vip}`);
    await eventually(async () => {
      expect(await scene.on("ipvs", "ipvsadm -lnc")).toMatch(/SYN_RECV +192\.168\.139\.68:\d+ +192\.168\.139\.29:80/);
    });
    expect((await curl).exitCode).toBe(28);
    await scene.on("ipvs", "/usr/local/lib/vipstack/iptables-rules apply");
    expect(countLines(await scene.on("vm-1", curlTimes(4, vip)))).toEqual({ web1: 2, web2: 2 });
  },
  2 * MINUTES,
);

test(
  "an instance in maintenance is drained, and comes back: no request is lost, open or new",
  async () => {
    const load = await scene.startLoad("vm-1", { address: "192.168.139.29", port: 80, held: 10 });
    await scene.on("web1", "consul maint -enable -service=hello-80 -reason=test");
    const left = await until(web2);
    await scene.on("web1", "consul maint -disable -service=hello-80");
    const back = await until(web1, web2);
    const result = await load.finish();
    expect(result).toMatchObject({ heldLost: 0, newFailed: [] });
    console.log(
      `maintenance: out after ${left} s, back after ${back} s, ${result.newAnswered} new requests, none lost`,
    );
  },
  BOOT,
);

test(
  "an instance whose server dies leaves; what is in the table meanwhile is refused at once",
  async () => {
    await scene.on("web1", "systemctl stop caddy");
    const left = await until(web2);
    expect(countLines(await scene.on("vm-1", curlTimes(4, vip)))).toEqual({ web2: 4 });
    await scene.on("web1", "systemctl start caddy");
    console.log(`dead instance: out after ${left} s, back after ${await until(web1, web2)} s`);
  },
  BOOT,
);

test(
  "Consul's only server frozen for a minute, under load: nothing changes, no request fails",
  async () => {
    const load = await scene.startLoad("vm-1", { address: "192.168.139.29", port: 80, held: 10 });
    await scene.lab("freeze", "server");
    // The freeze itself is what is tested, so it has to last.
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    expect(await realServers()).toEqual([web1, web2]);
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
    expect(countLines(await scene.on("vm-1", curlTimes(4, vip)))).toEqual({ web1: 2, web2: 2 });
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
    expect(countLines(await scene.on("vm-1", curlTimes(4, vip)))).toEqual({ web1: 4 });
    await scene.lab("power-on", "web2");
    console.log(`power cut of web2: out after ${left} s, back after ${await until(web1, web2)} s from its boot`);
  },
  2 * BOOT,
);

test(
  "no healthy instance: the last ones stay for the grace, then clients are refused at once; the first one back serves",
  async () => {
    for (const machine of ["web1", "web2"]) await scene.on(machine, "systemctl stop caddy");
    const emptied = await until();
    expect((await scene.tryOn("vm-1", `curl --silent --max-time 10 ${vip}`)).exitCode).toBe(7);
    expect(emptied).toBeGreaterThanOrEqual(25);
    await scene.on("web2", "systemctl start caddy");
    await until(web2);
    await scene.on("web1", "systemctl start caddy");
    await until(web1, web2);
    console.log(`no healthy instance: refused after ${emptied} s`);
  },
  BOOT,
);

test(
  "after a power cut of everything all comes back without a hand",
  async () => {
    const machines = ["vm-1", "ipvs", "server", "web1", "web2"];
    for (const machine of machines) await scene.lab("power-cut", machine);
    await Promise.all(machines.map((machine) => scene.lab("power-on", machine)));
    await until(web1, web2);
    await eventually(async () => {
      expect(countLines(await scene.on("vm-1", curlTimes(4, vip)))).toEqual({ web1: 2, web2: 2 });
    });
  },
  2 * BOOT,
);
