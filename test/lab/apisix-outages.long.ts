import { statusTimes } from "./support/answers";
import { deployed } from "./support/deployment";
import { untilServed } from "./support/director";
import { Gateways } from "./support/gateways";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf, RequestsResult } from "./support/load";
import { BOOT, eventually, MINUTES, secondsSince, secondsUntil } from "./support/waiting";

// Two gateways behind a director, when one of them, Consul or everything is away.

const [gw1, gw2] = ["192.168.139.41:9080", "192.168.139.42:9080"];
const [web1, web2] = ["192.168.139.31:80", "192.168.139.32:80"];
const unit = "vipstack-gateway-gateway";

describeWithImage(APISIX, "APISIX gateways in outages", () => {
  const scene = deployed("apisix-hello", {
    VIPSTACK_CONSUL_PORT: "18620",
    VIPSTACK_VIP_PORT: "18621",
    HTTPBIN: "192.168.139.31:80",
  });
  const load = () => scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 6 });
  const gateways = new Gateways(scene, ["gw1", "gw2"]);
  const until = (...servers: string[]): Promise<number> => untilServed(scene, "ipvs", servers);
  const untilNodes = (...nodes: string[]): Promise<number> =>
    secondsUntil(async () => {
      expect(await gateways.nodesOf("hello-world-servers")).toEqual([nodes, nodes]);
    }, BOOT);

  beforeAll(async () => {
    // The images of both may take longer than the deployment.
    await until(gw1, gw2);
  }, BOOT);

  /** Whatever was lost, it was over after so many seconds. */
  function lostFor({ failures }: RequestsResult): number {
    if (failures.length === 0) return 0;
    return Math.max(...failures.map(({ at, took }) => at + took)) - Math.min(...failures.map(({ at }) => at));
  }

  test(
    "a killed gateway: what the director still sends it is refused at once; it is back without a hand",
    async () => {
      const requests = await load();
      await scene.on("gw1", "docker kill gateway-gateway");
      const left = await until(gw2);
      const back = await until(gw1, gw2);
      const result = await requests.finish();
      console.log(`killed gateway: out after ${left} s, back after further ${back} s; ${lossOf(result)}`);
      expect(lostFor(result)).toBeLessThan(20);
      for (const { problem } of result.failures) expect(problem).toMatch(/^Connection(Refused|Reset)Error|^RemoteDisc/);
    },
    BOOT,
  );

  test(
    "a reload of both gateways loses no request",
    async () => {
      const before = await gateways.identities();
      const requests = await load();
      for (const machine of ["gw1", "gw2"]) await scene.on(machine, "systemctl reload vipstack-gateway-gateway");
      await until(gw1, gw2);
      const result = await requests.finish();
      console.log(`reload of both gateways: ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
      expect(await gateways.identities()).toEqual(before);
    },
    3 * MINUTES,
  );

  test(
    "both gateways restarted on purpose, one after the other: no request is lost",
    async () => {
      const requests = await load();
      const seconds: number[] = [];
      for (const [machine, other] of [
        ["gw1", gw2],
        ["gw2", gw1],
      ] as const) {
        const restarted = scene.on(machine, `systemctl restart ${unit}`);
        const left = await until(other);
        await restarted;
        seconds.push(left, await until(gw1, gw2));
      }
      const result = await requests.finish();
      console.log(`planned restarts: out and, after their ends, back after ${seconds.join(", ")} s; ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
    },
    BOOT,
  );

  test(
    "a stopped gateway leaves before it stops, and stays away until it is started: no request is lost",
    async () => {
      const requests = await load();
      const started = Date.now();
      await scene.on("gw1", `systemctl stop ${unit}`);
      const stopped = secondsSince(started);
      await until(gw2);
      await scene.on("gw1", `systemctl start ${unit}`);
      const back = await until(gw1, gw2);
      const result = await requests.finish();
      console.log(`planned stop: ${stopped} s, back ${back} s after its start; ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
    },
    BOOT,
  );

  test(
    "a gateway without power: requests hang until the director has left it out; it is back with its power",
    async () => {
      const requests = await load();
      await scene.lab("power-cut", "gw2");
      const left = await until(gw1);
      await scene.lab("power-on", "gw2");
      const back = await until(gw1, gw2);
      const result = await requests.finish();
      console.log(`gateway without power: out after ${left} s, back ${back} s after its boot; ${lossOf(result)}`);
      expect(lostFor(result)).toBeLessThan(90);
    },
    BOOT,
  );

  test(
    "every instance critical at once: the last ones are tried, and no request is lost; after the grace clients are refused",
    async () => {
      const check = { Name: "broken", ServiceID: "hello-world-servers-80", TTL: "24h", Status: "critical" };
      const agent = "http://127.0.0.1:8500/v1/agent/check";
      const fail = (machine: string): Promise<string> =>
        scene.on(machine, `curl --silent --fail --request PUT --data '${JSON.stringify(check)}' ${agent}/register`);
      const requests = await load();
      await fail("web1");
      await untilNodes(web2);
      await fail("web2");
      await untilNodes();
      await scene.on("vm-1", "sleep 15");
      const result = await requests.finish();
      console.log(`all instances critical: ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
      expect(Object.keys(result.answers)).toContain("Hello from web2!");
      await eventually(async () => {
        expect(await scene.on("vm-1", statusTimes(1, "http://192.168.139.29/"))).toBe("503");
      });
      for (const machine of ["web1", "web2"])
        await scene.on(machine, `curl --silent --fail --request PUT ${agent}/deregister/broken`);
      await untilNodes(web1, web2);
      expect(await scene.on("vm-1", statusTimes(1, "http://192.168.139.29/"))).toBe("200");
    },
    BOOT,
  );

  test(
    "Consul's only server frozen for a minute: no request is lost; what changes then is heard of afterwards",
    async () => {
      const before = await gateways.identities();
      const requests = await load();
      await scene.on("server", "pkill -STOP -x consul");
      try {
        // The freeze itself is what is tested, so it has to last.
        await new Promise((resolve) => setTimeout(resolve, MINUTES));
        expect(await gateways.nodesOf("hello-world-servers")).toEqual([
          [web1, web2],
          [web1, web2],
        ]);
      } finally {
        await scene.on("server", "pkill -CONT -x consul");
      }
      await scene.on("web1", "systemctl stop caddy");
      const heard = await untilNodes(web2);
      await scene.on("web1", "systemctl start caddy");
      const back = await untilNodes(web1, web2);
      await until(gw1, gw2);
      const result = await requests.finish();
      console.log(
        `Consul frozen: a dead web server after it is left out after ${heard} s, back after ${back} s; ${lossOf(result)}`,
      );
      expect(result.failures).toEqual([]);
      expect(await gateways.identities()).toEqual(before);
    },
    2 * BOOT,
  );

  test(
    "after a power cut of everything all comes back without a hand",
    async () => {
      const machines = ["vm-1", "ipvs", "server", "gw1", "gw2", "web1", "web2"];
      const started = Date.now();
      await Promise.all(machines.map((machine) => scene.lab("power-cut", machine)));
      await Promise.all(machines.map((machine) => scene.lab("power-on", machine)));
      await until(gw1, gw2);
      await eventually(async () => {
        const answers = await scene.answers("vm-1", "http://192.168.139.29/", 4);
        expect(answers).toEqual({ "Hello from web1!": 2, "Hello from web2!": 2 });
      });
      console.log(`power cut of everything: all served again after ${secondsSince(started)} s`);
    },
    2 * BOOT,
  );
});
