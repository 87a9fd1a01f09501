import { countLines, statusTimes } from "./support/answers";
import { LabDeployment } from "./support/deployment";
import { untilServed } from "./support/director";
import { Gateways } from "./support/gateways";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf } from "./support/load";
import { BOOT, eventually, secondsSince } from "./support/waiting";

// A director that leaves the client's address in place, with gateways as its real servers, beside one that doesn't.

const direct = "http://192.168.139.100";
const masqueraded = "http://192.168.139.29";
const client = "192.168.139.68";
const [gw1, gw2] = ["192.168.139.41", "192.168.139.42"];
const both = [`${gw1}:80`, `${gw1}:9080`, `${gw2}:80`, `${gw2}:9080`];

describeWithImage(APISIX, "gateways behind direct routing", () => {
  const scene = LabDeployment.ofProgram("gateway-direct-routing");
  const gateways = new Gateways(scene, ["gw1", "gw2"]);
  const environment = { VIPSTACK_CONSUL_PORT: "18640" };

  beforeAll(async () => {
    await scene.up(environment);
    await untilServed(scene, "ipvs", both);
  }, 2 * BOOT);
  afterAll(async () => {
    await scene.down();
  }, BOOT);

  /** The statuses of so many requests from a machine. */
  async function statuses(machine: string, url: string, count: number): Promise<Record<string, number>> {
    return countLines(await scene.on(machine, statusTimes(count, url)));
  }

  /** Who asked for that page, as the gateways' access logs have it. */
  async function clientsOf(page: string): Promise<string[]> {
    const logs = await gateways.each((_, machine) =>
      scene.on(machine, `docker logs gateway-gateway 2>/dev/null | grep 'GET ${page} ' | cut -d ' ' -f 1 || true`),
    );
    return logs.flatMap((log) => log.split("\n")).filter((line) => line !== "");
  }

  test("a VIP that no machine is named after answers; the table says Route, and the VIP's port", async () => {
    expect(await statuses("vm-1", `${direct}/`, 10)).toEqual({ 200: 10 });
    expect(await statuses("vm-1", `${masqueraded}/`, 10)).toEqual({ 200: 10 });
    const table = await scene.on("ipvs", "ipvsadm -ln");
    expect(table).toMatch(
      /TCP +192\.168\.139\.100:80 rr\n +-> 192\.168\.139\.41:80 +Route .*\n +-> 192\.168\.139\.42:80 +Route /,
    );
    expect(table).toMatch(
      /TCP +192\.168\.139\.29:80 rr\n +-> 192\.168\.139\.41:9080 +Masq .*\n +-> 192\.168\.139\.42:9080 +Masq /,
    );
    const listens = await gateways.each((_, machine) =>
      scene.on(machine, "ss -Hltn 'sport = :80' | wc -l; sysctl -n net.ipv4.ip_unprivileged_port_start"),
    );
    for (const each of listens) expect(each).toMatch(/^[1-9]\d*\n80$/);
  });

  test("the gateway's log has the client by direct routing, the director by masquerading with SNAT", async () => {
    await statuses("vm-1", `${direct}/by-direct-routing`, 4);
    await statuses("vm-1", `${masqueraded}/by-masquerading`, 4);
    await eventually(async () => {
      expect(await clientsOf("/by-direct-routing")).toEqual(Array(4).fill(client));
      expect(await clientsOf("/by-masquerading")).toEqual(Array(4).fill("192.168.139.29"));
    });
  });

  test("plugins see the client: its address is let in, and has a limit of its own", async () => {
    expect(await statuses("vm-1", `${direct}/restricted`, 4)).toEqual({ 200: 4 });
    expect(await statuses("web", `${direct}/restricted`, 4)).toEqual({ 403: 4 });
    expect(await statuses("vm-1", `${masqueraded}/restricted`, 4)).toEqual({ 403: 4 });
    // Three a gateway.
    expect(await statuses("vm-1", `${direct}/limited`, 10)).toEqual({ 200: 6, 429: 4 });
    expect(await statuses("web", `${direct}/limited`, 6)).toEqual({ 200: 6 });
  });

  test(
    "another access log and a further plugin are a reload: no request is lost, no machine and no container is replaced",
    async () => {
      const before = await gateways.identities();
      const requests = await scene.startRequests("vm-1", { address: "192.168.139.100", port: 80, clients: 4 });
      const started = Date.now();
      await scene.up({ ...environment, CHANGED: "yes" });
      await eventually(async () => {
        const heads = await gateways.each((address) =>
          scene.on("vm-1", `curl --silent --head http://${address}:9080/changed`),
        );
        for (const head of heads) expect(head).toMatch(/^X-Changed: yes\r$/m);
      });
      const seconds = secondsSince(started);
      const result = await requests.finish();
      console.log(`changed settings: live on both gateways after ${seconds} s; ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
      expect(await gateways.identities()).toEqual(before);
      await statuses("vm-1", `${direct}/unlogged`, 4);
      expect(await clientsOf("/unlogged")).toEqual([]);
    },
    BOOT,
  );

  test(
    "a gateway that is killed leaves both services, and comes back",
    async () => {
      const requests = await scene.startRequests("vm-1", { address: "192.168.139.100", port: 80, clients: 4 });
      await scene.on("gw1", "docker kill gateway-gateway");
      const left = await untilServed(scene, "ipvs", [`${gw2}:80`, `${gw2}:9080`]);
      const back = await untilServed(scene, "ipvs", both);
      const result = await requests.finish();
      console.log(`killed behind direct routing: out after ${left} s, back after ${back} s; ${lossOf(result)}`);
      expect(await statuses("vm-1", `${direct}/`, 10)).toEqual({ 200: 10 });
    },
    BOOT,
  );
});
