import { deployed } from "./support/deployment";
import { untilServed } from "./support/director";
import { Gateways } from "./support/gateways";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf } from "./support/load";
import { BOOT, eventually, MINUTES, secondsSince, secondsUntil } from "./support/waiting";

// Two gateways behind a director, when Consul is away and when everything was.

const [gw1, gw2] = ["192.168.139.41:9080", "192.168.139.42:9080"];
const [web1, web2] = ["192.168.139.31:80", "192.168.139.32:80"];

describeWithImage(APISIX, "APISIX gateways without Consul", () => {
  const scene = deployed("apisix-hello", {
    VIPSTACK_CONSUL_PORT: "18620",
    VIPSTACK_VIP_PORT: "18621",
    HTTPBIN: "192.168.139.31:80",
  });
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

  test(
    "Consul's only server frozen for a minute: no request is lost; what changes then is heard of afterwards",
    async () => {
      const before = await gateways.identities();
      const requests = await scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 6 });
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
