import { randomBytes } from "node:crypto";
import { ask } from "./support/ask";
import { LabDeployment } from "./support/deployment";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf } from "./support/load";
import { runsOf } from "./support/long";
import { Nomad } from "./support/nomad";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// The gateway as a Nomad job, through what happens to a gateway: secrets, a canary, a bad image, the Admin API.

const nomadPort = "18648";
const ports = { VIPSTACK_VIP_PORT: "18681", VIPSTACK_CONSUL_PORT: "18652", VIPSTACK_NOMAD_PORT: nomadPort };
const scene = LabDeployment.ofProgram("chain");
const nomad = new Nomad(nomadPort);
const newKey = (): string => randomBytes(16).toString("hex");

describeWithImage(
  APISIX,
  "the gateway as a job",
  () => {
    // Of what a program says, the latest stays said.
    const said: Record<string, string> = { ...ports, GATEWAY: "yes", ETCD: "yes" };
    const up = (knobs: Record<string, string> = {}): Promise<string> => scene.up(Object.assign(said, knobs));
    const load = () => scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 6 });
    const clients = ["192.168.139.31", "192.168.139.32"];

    beforeAll(async () => {
      await up();
    }, 2 * BOOT);
    afterAll(async () => {
      await scene.down();
    }, BOOT);

    async function statusOf(gateway: string, path: string, ...headers: string[]): Promise<number> {
      return (await ask(scene, "vm-1", `http://${gateway}${path}`, { headers })).status;
    }

    async function gatewaysRunning(): Promise<string[]> {
      return (await nomad.running("gateway")).map(({ ID }) => ID).sort();
    }

    test.each(runsOf(3))(
      "a secret (run %i): gateways are replaced one at a time, no request is lost, and the key counts at once",
      async (run) => {
        const old = said.TF_VAR_alice;
        const alice = newKey();
        const before = await gatewaysRunning();
        const requests = await load();
        await up({ KEYED: "yes", TF_VAR_alice: alice });
        const result = await requests.finish();
        console.log(`secret ${run} on two gateways: ${lossOf(result)}`);
        expect(result.failures).toEqual([]);
        expect((await gatewaysRunning()).filter((id) => before.includes(id))).toEqual([]);
        // Without a key there is no page, and the key before is worth nothing.
        const keys = [`apikey: ${alice}`, "no-key: ", `apikey: ${old ?? newKey()}`];
        await eventually(async () => {
          for (const client of clients)
            expect(await Promise.all(keys.map((header) => statusOf(`${client}:9080`, "/index.html", header)))).toEqual([
              200, 401, 401,
            ]);
        });
      },
      2 * BOOT,
    );

    test.each(runsOf(3))(
      "a client that is made anew (run %i): its instances move first, its gateway leaves the director, and no request is lost",
      async (run) => {
        const before = await scene.bootId("web2");
        const requests = await load();
        await up({ EDITION: `edition ${run}` });
        const result = await requests.finish();
        console.log(`web2 made anew, ${run}: ${lossOf(result)}`);
        expect(result.failures).toEqual([]);
        expect(await scene.bootId("web2")).not.toBe(before);
        await eventually(async () => {
          expect(await gatewaysRunning()).toHaveLength(2);
        }, 3 * MINUTES);
      },
      2 * BOOT,
    );

    test(
      "a canary: a tenth of the requests go to another job, half of them after a deployment, with the same allocations",
      async () => {
        const share = async (): Promise<number> => {
          const counts = await scene.answers("vm-1", "http://192.168.139.29/", 200);
          const next = Object.entries(counts).filter(([line]) => line.startsWith("The next one"));
          return next.reduce((sum, [, count]) => sum + count, 0);
        };
        const untilShare = async (least: number, most: number): Promise<number> => {
          let found = 0;
          await eventually(async () => {
            found = await share();
            expect(found).toBeGreaterThanOrEqual(least);
          }, 3 * MINUTES);
          expect(found).toBeLessThanOrEqual(most);
          return found;
        };
        const before = await gatewaysRunning();
        await up({ CANARY: "10" });
        const first = await untilShare(5, 40);
        await up({ CANARY: "50" });
        const second = await untilShare(70, 130);
        expect(await gatewaysRunning()).toEqual(before);
        console.log(`of 200 requests ${first} went to the next one; with CANARY=50 ${second}`);
        await up({ CANARY: "0" });
      },
      3 * BOOT,
    );

    test(
      "an image that does not hold APISIX: the job's own message, one gateway serves on, and the version before is put back",
      async () => {
        // Else fetching it takes most of the stagger, which is a failure of its own.
        for (const client of ["web1", "web2"]) await scene.on(client, "docker pull --quiet httpd:2.4");
        const requests = await load();
        const { exitCode, output } = await scene.upFails({ ...said, IMAGE: "httpd:2.4" });
        const result = await requests.finish();
        console.log(`bad image of the gateway: ${lossOf(result)}`);
        expect(exitCode).toBe(1);
        expect(output).toMatch(/job 'gateway' failed: version \d+ does not run on web[12]/);
        expect(output).toMatch(/Exit Code: [1-9]/i);
        expect(output).toMatch(/taken back: version \d+ serves on/);
        expect(result.failures).toEqual([]);
        await up();
        expect(await gatewaysRunning()).toHaveLength(2);
      },
      3 * BOOT,
    );

    test(
      "the Admin API with an etcd and a key of one's own: a route by a request, and no other key is let in",
      async () => {
        const key = newKey();
        await up({ ADMIN: "yes", TF_VAR_admin_key: key, TF_VAR_data_encryption_key: newKey() });
        const url = "http://127.0.0.1:9181/apisix/admin/routes/1";
        const put = {
          uri: "/*",
          upstream: { service_name: "hello-world-servers", type: "roundrobin", discovery_type: "consul" },
        };
        expect((await ask(scene, "web1", url, { headers: [`X-API-KEY: ${newKey()}`], put })).status).toBe(401);
        expect((await ask(scene, "web1", url, { headers: [`X-API-KEY: ${key}`], put })).status).toBe(201);
        await eventually(async () => {
          for (const client of clients) expect(await statusOf(`${client}:9081`, "/")).toBe(200);
        });
        expect((await scene.tryOn("vm-1", "curl --silent --max-time 5 http://192.168.139.31:9181/")).exitCode).toBe(7);
      },
      2 * BOOT,
    );
  },
  "nomad",
);
