import { BOOT, deployed, lossOf, RequestsResult } from "./support/deployment";
import { untilServed } from "./support/gateways";
import { APISIX, describeWithImage } from "./support/images";

// Two gateways behind a director: what is lost when one of them is killed, stopped or without power.

const [gw1, gw2] = ["192.168.139.41:9080", "192.168.139.42:9080"];
const unit = "vipstack-gateway-gateway";

describeWithImage(APISIX, "APISIX gateways that fail", () => {
  const scene = deployed("apisix-hello", {
    VIPSTACK_CONSUL_PORT: "18610",
    VIPSTACK_VIP_PORT: "18611",
    HTTPBIN: "192.168.139.31:80",
  });
  const load = () => scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 6 });
  const until = (...servers: string[]): Promise<number> => untilServed(scene, "ipvs", servers);

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
      const stopped = Math.round((Date.now() - started) / 1000);
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
});
