import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { realServersOf } from "./support/director";
import { serve } from "./support/http-server";
import { APISIX, describeWithImage } from "./support/images";
import { answeredOf, lossOf } from "./support/load";
import { Nomad } from "./support/nomad";
import { BOOT, eventually, MINUTES, secondsUntil } from "./support/waiting";

// main.ts as it is: client → virtual address → APISIX as a Nomad job → hello-world on host ports.

const vip = "http://192.168.139.29";
const standIn = "192.168.139.68:8090";
const ports = { VIPSTACK_VIP_PORT: "18700", VIPSTACK_CONSUL_PORT: "18750", VIPSTACK_NOMAD_PORT: "18746" };
const scene = new LabDeployment();
const nomad = new Nomad(ports.VIPSTACK_NOMAD_PORT);
let printed = "";

describeWithImage(
  APISIX,
  "the chain of main.ts",
  () => {
    const up = (): Promise<string> => scene.up({ ...ports, HTTPBIN: standIn });
    const load = (clients = 6) => scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients });

    beforeAll(async () => {
      printed = await up();
      console.log(/Up after \d+ s/.exec(printed)?.[0]);
      await serve(scene, "vm-1", 8090, "httpbin");
    }, 2 * BOOT);
    afterAll(async () => {
      await scene.down();
    }, BOOT);

    async function gateways(): Promise<string[]> {
      return (await nomad.running("gateway")).map(({ ID }) => ID).sort();
    }

    /** Waits until the director sends requests to that many gateways. @returns the seconds that it took */
    async function untilGateways(count: number): Promise<number> {
      return secondsUntil(async () => {
        const servers = await realServersOf(scene, "ipvs");
        expect(servers.filter((server) => server.endsWith(":9080"))).toHaveLength(count);
      });
    }

    /** Waits until Consul knows that many healthy instances of the job. @returns the seconds that it took */
    async function untilInstances(count: number): Promise<number> {
      return secondsUntil(async () => {
        const url = "http://127.0.0.1:8500/v1/health/service/hello-world-servers?passing";
        expect(JSON.parse(await scene.on("server", `curl --silent '${url}'`))).toHaveLength(count);
      });
    }

    test("up ends with the jobs, the routes, four pages through the virtual address, and the pages on this host", () => {
      expect(printed).toMatch(/gateway +│ 0 +│ web1 +│ http 9080, https 9443, status 7085 +│ passing/);
      expect(printed).toMatch(/hello-world +│ 0 +│ web[12] +│ www \d+ +│ passing/);
      expect(printed).toMatch(/hello +│ \/\* +│ hello-world-servers in Consul/);
      expect(printed.match(/<h1>Hello, Nomad!<\/h1>/g)).toHaveLength(4);
      expect(printed).toContain(`Nomad on this host               http://127.0.0.1:${ports.VIPSTACK_NOMAD_PORT}/`);
    });

    test("S4: the page names task, group, job, foo and the port; APISIX serves it, and GET /ip goes to the fixed node", async () => {
      const page = await scene.on("vm-1", `curl --silent --include ${vip}/`);
      expect(page).toMatch(/^Server: APISIX\/3\.18\.0\r$/m);
      for (const line of ["Task: web", "Group: servers", "Job: hello-world", "Metadata value for foo: bar"])
        expect(page).toContain(line);
      expect(page).toContain("Currently running on port: 8001");
      await eventually(async () => {
        expect(await scene.answers("vm-1", `${vip}/ip`, 4)).toEqual({
          "httpbin GET /ip 192.168.139.29": 4,
        });
      });
    });

    test(
      "an edited route is live on both gateways with the same allocations; of two edits within a second the last one counts",
      async () => {
        const before = await gateways();
        // More would take the whole processor of both clients, where Nomad renders the routes.
        const requests = await load(2);
        const key = "apisix/gateway/routes/hello";
        const route = JSON.parse(await scene.on("server", `consul kv get ${key}`)) as object;
        const put = (plugins: object): string =>
          `consul kv put ${key} - > /dev/null <<'ROUTE'\n${JSON.stringify({ ...route, plugins })}\nROUTE`;
        const setting = (header: string): string => put({ "request-id": { header_name: header } });
        const live = (header: string): string =>
          ["31", "32"]
            .map((machine) => `curl --silent --head http://192.168.139.${machine}:9080/ | grep -qi '^${header}: '`)
            .join(" && ");
        const program = readFileSync(join(__dirname, "support", "route-edits.py"), "utf8");
        const edits = `python3 - ${key} 192.168.139.31:9080 192.168.139.32:9080 <<'PROGRAM'\n${program}\nPROGRAM`;
        const seconds = JSON.parse(await scene.on("server", edits)) as number[];
        await scene.on("server", `${setting("x-first")}\nsleep 0.3\n${setting("x-second")}`);
        await new Promise((resolve) => setTimeout(resolve, 8000));
        await scene.on("server", live("x-second"));
        await scene.on("server", put({}));
        const result = await requests.finish();
        console.log(`route edits: live on both gateways after ${seconds.join(", ")} s; ${lossOf(result)}`);
        expect(seconds).toHaveLength(12);
        expect(Math.max(...seconds)).toBeLessThan(4);
        expect(result.failures).toEqual([]);
        expect(await gateways()).toEqual(before);
      },
      3 * MINUTES,
    );

    test(
      "a route that is gone: the doctor says so, with the routes that the program has",
      async () => {
        const key = "apisix/gateway/routes/hello";
        const route = await scene.on("server", `consul kv get ${key}`);
        await scene.on("server", `consul kv delete ${key}`);
        try {
          await eventually(async () => {
            const { exitCode, output } = await scene.vipstack(["doctor"]);
            expect(output).toContain("[gateway-without-route]");
            expect(output).toMatch(/no route for \/ \(4 of 4 requests got 404 Route Not Found\)/);
            expect(output).toMatch(/send requests that one of its routes matches: .*hello \(\/\*\)/);
            expect(exitCode).toBe(1);
          });
        } finally {
          await scene.on("server", `consul kv put ${key} - > /dev/null <<'ROUTE'\n${route.trim()}\nROUTE`);
        }
        await eventually(async () => {
          expect((await scene.vipstack(["doctor"])).exitCode).toBe(0);
        });
      },
      4 * MINUTES,
    );

    test(
      "two instances to four and to one through both gateways: no request is lost",
      async () => {
        const requests = await load();
        for (const count of [4, 1, 2]) {
          // Nomad takes it once the deployment before has ended.
          await eventually(async () => {
            await scene.on("server", `nomad job scale -detach hello-world servers ${count} > /dev/null`);
          }, 2 * MINUTES);
          await untilInstances(count);
          // Those that left serve on for their shutdown delay.
          await eventually(async () => {
            expect(await nomad.running("hello-world")).toHaveLength(count);
          }, 3 * MINUTES);
        }
        const result = await requests.finish();
        console.log(`2 → 4 → 1 → 2 through the gateways: ${lossOf(result)}`);
        expect(result.failures).toEqual([]);
      },
      2 * BOOT,
    );

    test(
      "a gateway that is killed comes back, and what is lost is lost at once",
      async () => {
        await untilGateways(2);
        const requests = await load();
        await scene.on("web1", "docker kill $(docker ps --quiet --filter name=apisix) > /dev/null");
        await new Promise((resolve) => setTimeout(resolve, 3000));
        const back = await untilGateways(2);
        const result = await requests.finish();
        const first = result.failures[0]?.at ?? 0;
        const last = Math.max(0, ...result.failures.map(({ at }) => at));
        console.log(`killed gateway: back in the director's table after ${back + 3} s; ${lossOf(result)}`);
        // Noticed by one check (2 s, 2 s for an answer), rendered by consul-template (up to 4 s), made by the keeper (up to 5 s).
        expect(last - first).toBeLessThan(15);
        expect(Object.keys(result.answers).length).toBeGreaterThan(0);
      },
      3 * MINUTES,
    );

    test(
      "a client without power: no 503, the gateway and the instances of the other one serve on",
      async () => {
        // The other gateway has to serve on.
        await untilGateways(2);
        // More would take the whole processor of the client that is left, which then starts a replacement ten times slower.
        const requests = await load(2);
        await scene.lab("power-cut", "web2");
        const out = await untilGateways(1);
        await untilInstances(2);
        const result = await requests.finish();
        console.log(`power cut of web2: its gateway out of the table after ${out} s; ${lossOf(result)}`);
        // A load that had ended before the cut would have no 503 either.
        expect(answeredOf(result)).toBeGreaterThanOrEqual(300);
        expect(result.failures.filter(({ problem }) => problem.startsWith("503"))).toEqual([]);
        await scene.lab("power-on", "web2");
        await untilGateways(2);
      },
      BOOT,
    );

    test(
      "a second up changes nothing",
      async () => {
        await eventually(async () => {
          expect(await up()).toMatch(NOTHING_TO_CHANGE);
        }, 2 * MINUTES);
      },
      BOOT,
    );
  },
  "nomad",
);
