import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import { readSecrets } from "../../cli/secrets/store";
import { LabDeployment } from "./support/deployment";
import { realServersOf } from "./support/director";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf } from "./support/load";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

// examples/production: the chain of main.ts under AgentProfile.PRODUCTION, and what a job's container can reach of it.

const PORTS = { VIPSTACK_VIP_PORT: "18660" };
const PROJECT = join(__dirname, "..", "..");
const VIP = "http://192.168.139.29/";
const lab = new LabDeployment("production");

/** What a secret of the deployment is. */
const secret = (variable: string): string =>
  readSecrets(lab.description.stateFolder)[`machines_${variable}`]?.value ?? `no ${variable}`;

describeWithImage(
  APISIX,
  "the chain under AgentProfile.PRODUCTION",
  () => {
    /** That it took to come up from nothing. */
    const seconds = { production: 0, plain: 0 };
    let printed = "";

    async function isServing(): Promise<void> {
      const answers = await lab.answers("vm-1", VIP, 8);
      for (const answer of Object.keys(answers)) expect(answer).toMatch(/^<h1>Hello from web[12]!<\/h1>$/);
    }

    beforeAll(async () => {
      const started = Date.now();
      printed = await lab.up(PORTS);
      seconds.production = secondsSince(started);
    }, 3 * BOOT);
    afterAll(async () => {
      await lab.down();
    }, BOOT);

    /** Runs a program of the machine in the network of a container, and tells what it printed. */
    const inNetworkOf = (image: string, script: string): Promise<string> =>
      lab.on(
        "web1",
        `id=$(docker ps --quiet --filter ancestor=${image} | head -n 1)
pid=$(docker inspect --format '{{.State.Pid}}' "$id")
nsenter --target "$pid" --net sh -c '${script}'`,
      );

    test("up ends with four pages of the job, and none of a gateway's that knows no instance yet", () => {
      expect(printed.match(/^ {2}<h1>Hello from web[12]!<\/h1>$/gm)).toHaveLength(4);
    });

    test("two gateways in front of the jobs, each found by its own token", async () => {
      await isServing();
      expect((await realServersOf(lab, "ipvs")).filter((server) => server.endsWith(":9080"))).toHaveLength(2);
      expect((await lab.vipstack(["status"])).output).toMatch(/hello-world +│ 0 +│ web[12] +│ www \d+ +│ passing/);
      expect((await lab.vipstack(["doctor"])).output).toContain("Nothing is wrong");
    });

    test("the gateway's container has no capabilities and gets no new privileges", async () => {
      const processes = await lab.on(
        "web1",
        `id=$(docker ps --quiet --filter ancestor=${APISIX})
for pid in $(docker top "$id" -eo pid | tail -n +2); do
grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs):' "/proc/$pid/status" | tr -s '\\t\\n' '  '; echo; done | sort --unique`,
      );
      const none = "0000000000000000";
      expect(processes.trim()).toBe(`Uid: 636 636 636 636 CapEff: ${none} CapBnd: ${none} NoNewPrivs: 1`);
    });

    test("its token is in a file in memory and nowhere else on its machine; on a server in Consul's own data", async () => {
      const token = secret("consul_token_gateway_gateway");
      expect(token).toMatch(/^[0-9a-f-]{36}$/);
      const found = await lab.on(
        "web1",
        `cd /; umask 077; cat > /dev/shm/needle <<'EOF'\n${token}\nEOF
grep --recursive --files-with-matches --fixed-strings --file /dev/shm/needle /etc /var/lib/nomad /run /root /tmp /opt 2>/dev/null || true
docker inspect $(docker ps --quiet) | grep --count --fixed-strings --file /dev/shm/needle || true
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n' | grep --count --fixed-strings --file /dev/shm/needle || true
journalctl --quiet --output cat | grep --count --fixed-strings --file /dev/shm/needle || true
curl --silent 127.0.0.1:9090/v1/discovery/consul/dump | grep --count --fixed-strings --file /dev/shm/needle || true
rm /dev/shm/needle`,
      );
      expect(found.split("\n")).toEqual([
        expect.stringMatching(/^\/var\/lib\/nomad\/alloc\/[0-9a-f-]{36}\/apisix\/secrets\/consul-token$/),
        ...["0", "0", "0", "0"],
      ]);
      // The two machines' instances have it from Nomad, which keeps variables encrypted. Consul keeps its own tokens as they are.
      const { output } = await lab.tryOn(
        "server1",
        `grep -rlF '${token}' /var/lib/nomad /var/lib/consul /etc /run || true`,
      );
      const own = /^\/etc\/vipstack\/secrets\/|^\/var\/lib\/consul\/raft\//;
      expect(output.split("\n").filter((file) => file !== "" && !own.test(file))).toEqual([]);
    });

    test.each([
      ["its routes", "kv get apisix/gateway/routes/hello"],
      ["a registration", "services register -name=hello-world-servers -port=1"],
      ["tokens", "acl token list"],
    ])("the gateway's token, stolen: no %s", async (_, words) => {
      const token = secret("consul_token_gateway_gateway");
      const { exitCode, output } = await lab.tryOn("web1", `CONSUL_HTTP_TOKEN='${token}' consul ${words}`);
      expect(exitCode).toBe(1);
      expect(output).toContain("Permission denied: token with AccessorID");
    });

    describe("from the container of a job", () => {
      const ask = (url: string): Promise<string> =>
        inNetworkOf(
          "busybox:1",
          `curl --silent --insecure --max-time 10 --output /dev/null --write-out "%{http_code}" ${url}; echo " $?"`,
        );

      test.each([
        ["Consul's HTTP of its own machine", "http://192.168.139.31:8500/v1/catalog/services", /^000 7$/],
        ["Consul's HTTPS of a server", "https://192.168.139.24:8501/v1/catalog/services", /^000 (35|55|56)$/],
        ["Nomad's HTTP of its own machine", "https://192.168.139.31:4646/v1/jobs", /^000 28$/],
        ["Nomad's HTTP of a server", "https://192.168.139.24:4646/v1/jobs", /^000 (35|55|56)$/],
        ["the gateway's control API", "http://192.168.139.31:9090/v1/discovery/consul/dump", /^000 7$/],
        ["the gateway's Admin API", "http://192.168.139.31:9180/apisix/admin/routes", /^000 7$/],
        ["the gateway's metrics", "http://192.168.139.31:9091/apisix/prometheus/metrics", /^000 7$/],
      ])("%s tells nothing", async (_, url, answer) => {
        expect(await ask(url)).toMatch(answer);
      });

      test("the agents' own ports on the loopback are its own container's, where nothing listens", async () => {
        for (const port of [8500, 8600, 4646, 9090]) expect(await ask(`http://127.0.0.1:${port}/`)).toBe("000 7");
      });

      test("it sees no secret of the deployment: in its files, its environment, or what Docker tells", async () => {
        const values = Object.values(readSecrets(lab.description.stateFolder)).map(({ value }) => value);
        const needles = values.flatMap((value) => value.split("\n")).filter((line) => /^[^-].{15,}/.test(line));
        expect(needles.length).toBeGreaterThan(30);
        // The certificates themselves are no secrets, and are not in the container either.
        const found = await lab.on(
          "web1",
          `umask 077; cat > /dev/shm/needles <<'EOF'\n${needles.join("\n")}\nEOF
id=$(docker ps --quiet --filter ancestor=busybox:1 | head -n 1)
pid=$(docker inspect --format '{{.State.Pid}}' "$id")
for place in bin etc home local root secrets alloc tmp usr var; do
grep --recursive --files-with-matches --fixed-strings --file /dev/shm/needles "/proc/$pid/root/$place" 2>/dev/null || true; done
tr '\\0' '\\n' < "/proc/$pid/environ" | grep --fixed-strings --file /dev/shm/needles || true
docker inspect "$id" | grep --fixed-strings --file /dev/shm/needles || true
rm /dev/shm/needles`,
        );
        expect(found).toBe("");
      });
    });

    test(
      "another token of the gateway is used by the same containers, without a lost request",
      async () => {
        const containers = await lab.on("web1", "docker ps --quiet | sort");
        const before = secret("consul_token_gateway_gateway");
        const requests = await lab.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 3 });
        const rotate = ["secrets", "rotate", "machines_consul_token_gateway_gateway", "--example", "production"];
        expect(await lab.vipstack(rotate)).toMatchObject({ exitCode: 0 });
        await lab.up(PORTS);
        expect(secret("consul_token_gateway_gateway")).not.toBe(before);
        await eventually(async () => {
          const files = "/var/lib/nomad/alloc/*/apisix/secrets/consul-token";
          expect(await lab.on("web1", `cat ${files}`)).toBe(secret("consul_token_gateway_gateway"));
        }, 3 * MINUTES);
        await eventually(isServing, 3 * MINUTES);
        const result = await requests.finish();
        console.info(`another token: ${lossOf(result)}`);
        expect(result.failures).toEqual([]);
        expect(await lab.on("web1", "docker ps --quiet | sort")).toBe(containers);
      },
      BOOT,
    );

    test(
      "after a power cut of everything all comes back without a hand",
      async () => {
        const machines = ["vm-1", "ipvs", "server1", "server2", "server3", "web1", "web2"];
        await Promise.all(machines.map((machine) => lab.lab("power-cut", machine)));
        await Promise.all(machines.map((machine) => lab.lab("power-on", machine)));
        await eventually(isServing, 10 * MINUTES);
        expect((await realServersOf(lab, "ipvs")).filter((server) => server.endsWith(":9080"))).toHaveLength(2);
      },
      12 * MINUTES,
    );

    test(
      "without the one word the same program comes up, and with it in at most twice the time",
      async () => {
        await lab.down();
        const text = readFileSync(join(PROJECT, "examples", "production", "main.ts"), "utf8");
        const plain = text.replace(", profile: AgentProfile.PRODUCTION", "");
        expect(plain).not.toContain("AgentProfile.");
        const file = join(PROJECT, "dist", "test", "lab", "programs", "production-plain.js");
        const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 };
        writeFileSync(file, transpileModule(plain, { compilerOptions }).outputText);
        const other = LabDeployment.ofProgram("production-plain");
        try {
          const started = Date.now();
          await other.up(PORTS);
          seconds.plain = secondsSince(started);
        } finally {
          await other.down();
          rmSync(file);
        }
        console.info(`up from nothing: ${JSON.stringify(seconds)} s`);
        expect(seconds.production).toBeLessThan(2 * seconds.plain);
      },
      4 * BOOT,
    );
  },
  "nomad",
);
