import { curlTimes, statusTimes } from "./support/answers";
import { deployed } from "./support/deployment";
import { untilServed } from "./support/director";
import { Gateways } from "./support/gateways";
import { serve } from "./support/http-server";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf } from "./support/load";
import { BOOT, eventually, MINUTES, secondsSince, secondsUntil } from "./support/waiting";

// Client → virtual address → director → APISIX → what Consul knows: the two routes, and what reaches running gateways. What is lost when
// a gateway is killed, stopped or without power is in apisix-outages.long.ts.

const vip = "http://192.168.139.29";
const [web1, web2] = ["192.168.139.31:80", "192.168.139.32:80"];
const [gw1, gw2] = ["192.168.139.41:9080", "192.168.139.42:9080"];

describeWithImage(APISIX, "APISIX behind a director", () => {
  const scene = deployed("apisix-hello", {
    VIPSTACK_CONSUL_PORT: "18600",
    VIPSTACK_VIP_PORT: "18601",
    HTTPBIN: "192.168.139.68:8090",
  });
  const gateways = new Gateways(scene, ["gw1", "gw2"]);
  const load = () => scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 6 });

  beforeAll(async () => {
    await serve(scene, "vm-1", 8090, "httpbin");
    await untilGateways(gw1, gw2);
    await eventually(ipAnswers);
  }, BOOT);

  const untilGateways = (...servers: string[]): Promise<number> => untilServed(scene, "ipvs", servers);

  /** Asked through both gateways: a check of an upstream begins with its first request. */
  async function ipAnswers(): Promise<void> {
    const answers = await scene.answers("vm-1", `${vip}/ip`, 4);
    expect(answers).toEqual({ "httpbin GET /ip 192.168.139.29": 4 });
  }

  async function status(url: string): Promise<string> {
    return scene.on("vm-1", statusTimes(1, url));
  }

  async function untilNodes(...nodes: string[]): Promise<number> {
    return secondsUntil(async () => {
      expect(await gateways.nodesOf("hello-world-servers")).toEqual([nodes, nodes]);
    });
  }

  test("everything goes to both web servers, found in Consul; APISIX says who it is", async () => {
    const answers = await scene.answers("vm-1", `${vip}/`, 20);
    expect(Object.keys(answers).sort()).toEqual(["Hello from web1!", "Hello from web2!"]);
    expect(await scene.on("vm-1", `curl --silent --head ${vip}/some/page`)).toMatch(/^Server: APISIX\/3\.18\.0\r$/m);
    expect(await gateways.nodesOf("hello-world-servers")).toEqual([
      [web1, web2],
      [web1, web2],
    ]);
  });

  test("GET /ip goes to the fixed node, with the client's Host; any other method goes where the rest goes", async () => {
    expect(await scene.on("vm-1", `curl --silent --header 'Host: of.the.client' ${vip}/ip`)).toBe(
      "httpbin GET /ip of.the.client",
    );
    expect(await scene.on("vm-1", `curl --silent --request POST ${vip}/ip`)).toMatch(/^Hello from web[12]!$/);
  });

  test(
    "the gateways' own check: a node that stops is sick, and comes back",
    async () => {
      const until = (state: string): Promise<number> =>
        secondsUntil(async () => {
          expect(await gateways.healthOf("/routes/getting-started-ip")).toEqual([state, state]);
        });
      await until("healthy");
      await scene.on("vm-1", "systemctl stop httpbin");
      const sick = await until("unhealthy");
      // The only node: APISIX tries it all the same.
      const meanwhile = await status(`${vip}/ip`);
      expect(meanwhile).toBe("502");
      await serve(scene, "vm-1", 8090, "httpbin");
      const well = await until("healthy");
      expect(await status(`${vip}/ip`)).toBe("200");
      console.log(`checked node: sick after ${sick} s (${meanwhile} meanwhile), healthy again after ${well} s`);
    },
    3 * MINUTES,
  );

  test(
    "a web server that dies leaves the gateways and comes back; so does one in maintenance; no request is lost",
    async () => {
      const requests = await load();
      await scene.on("web1", "systemctl stop caddy");
      const dead = await untilNodes(web2);
      await scene.on("web1", "systemctl start caddy");
      const alive = await untilNodes(web1, web2);
      await scene.on("web2", "consul maint -enable -service=hello-world-servers-80 -reason=test");
      const away = await untilNodes(web1);
      await scene.on("web2", "consul maint -disable -service=hello-world-servers-80");
      const back = await untilNodes(web1, web2);
      const result = await requests.finish();
      console.log(
        `dead web server: out after ${dead} s, back after ${alive} s; in maintenance: out after ${away} s, ` +
          `back after ${back} s; ${lossOf(result)}`,
      );
      expect(result.failures).toEqual([]);
    },
    BOOT,
  );

  test(
    "a third instance takes its share, and leaves again: no request is lost",
    async () => {
      const third = "192.168.139.31:8081";
      await serve(scene, "web1", 8081, "third");
      const requests = await load();
      await scene.on(
        "web1",
        "consul services register -name=hello-world-servers -id=third -address=192.168.139.31 -port=8081",
      );
      const out = await untilNodes(web1, third, web2);
      await eventually(async () => {
        expect(await scene.on("vm-1", curlTimes(6, `${vip}/`))).toContain("third GET /");
      });
      await scene.on("web1", "consul services deregister -id=third");
      const away = await untilNodes(web1, web2);
      await scene.on("web1", "systemctl stop third");
      const result = await requests.finish();
      console.log(`scale-out after ${out} s, scale-in after ${away} s; ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
      expect(result.answers["third GET / 192.168.139.29"]).toBeGreaterThan(0);
    },
    BOOT,
  );

  test(
    "an edit in Consul, and one by a deployment, reach both gateways, which go on running; no request is lost",
    async () => {
      const before = await gateways.identities();
      const requests = await load();
      const until = (count: number): Promise<number> =>
        secondsUntil(async () => {
          const heads = await gateways.each((address) =>
            scene.on("vm-1", `curl --silent --head http://${address}:9080/`),
          );
          expect(heads.filter((head) => /^x-request-id: /im.test(head))).toHaveLength(count);
        });
      const key = "apisix/gateway/routes/hello";
      const route = JSON.parse(await scene.on("server", `consul kv get ${key}`)) as object;
      const edited = JSON.stringify({ ...route, plugins: { "request-id": {} } });
      await scene.on("server", `consul kv put ${key} - <<'ROUTE'\n${edited}\nROUTE`);
      const byHand = await until(2);

      await serve(scene, "web2", 8090, "other");
      const started = Date.now();
      await scene.up({ VIPSTACK_CONSUL_PORT: "18600", VIPSTACK_VIP_PORT: "18601", HTTPBIN: "192.168.139.32:8090" });
      const deployment = secondsSince(started);
      const after = await secondsUntil(async () => {
        const answers = await gateways.each((address) => scene.on("vm-1", `curl --silent http://${address}:9080/ip`));
        expect(answers).toEqual(["gw1", "gw2"].map((_, index) => `other GET /ip 192.168.139.4${index + 1}:9080`));
      });
      // What was written manually is gone, too.
      await until(0);

      const result = await requests.finish();
      console.log(
        `route edit: live on both gateways after ${byHand} s; by a deployment of ${deployment} s, ${after} s after its end; ` +
          lossOf(result),
      );
      expect(result.failures).toEqual([]);
      expect(await gateways.identities()).toEqual(before);
    },
    BOOT,
  );
});
