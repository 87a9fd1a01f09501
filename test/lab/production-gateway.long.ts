import execa from "execa";
import { readSecrets } from "../../cli/secrets/store";
import { statusTimes } from "./support/answers";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { untilServed } from "./support/director";
import { APISIX, describeWithImage } from "./support/images";
import { lossOf } from "./support/load";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

// Gateways whose Consul cluster has AgentProfile.PRODUCTION: what their tokens, their containers and their units may do.

const lab = LabDeployment.ofProgram("production-gateway");
const VIP = "http://10.94.0.100";
const GATEWAYS = ["10.94.0.41:80", "10.94.0.42:80"];
const CONTAINER = "gateway-front";
/** What the program writes into the folder of a gateway that is not there. */
const DECOY = "of another gateway";
const UNIT = "vipstack-gateway-front";

const up = (routes = ""): Promise<string> => lab.up({ VIPSTACK_CONSUL_PORT: "18653", ROUTES: routes });

/** What a secret of the deployment is. */
const secret = (variable: string): string =>
  readSecrets(lab.description.stateFolder)[`machines_${variable}`]?.value ?? `no ${variable}`;
const token = (name: string): string => secret(`consul_${name}`);

/** Runs Consul's own command line with a token. */
function consul(machine: string, words: string, name: string): Promise<{ exitCode: number; output: string }> {
  return lab.tryOn(machine, `CONSUL_HTTP_TOKEN='${token(name)}' consul ${words}`);
}

/** The status of a request through the director. */
async function status(path: string, ...headers: string[]): Promise<string> {
  const words = headers.map((header) => `--header '${header}'`).join(" ");
  return lab.on("client", `curl --silent --output /dev/null --write-out '%{http_code}' ${words} ${VIP}${path}`);
}

async function isServing(): Promise<void> {
  expect(Object.keys(await lab.answers("client", `${VIP}/`, 8)).sort()).toEqual(["server2", "server3"]);
}

/** Files of a machine with one of these texts, and how many lines of its journal and its processes have one. */
async function placesOf(machine: string, ...texts: string[]): Promise<string[]> {
  expect(texts).not.toContainEqual(expect.stringMatching(/^no /));
  // What is looked for comes by a file: arguments of the search would be found, too.
  const found = await lab.on(
    machine,
    `cd /; umask 077; cat > /dev/shm/needles <<'EOF'\n${texts.join("\n")}\nEOF
grep --recursive --files-with-matches --fixed-strings --file /dev/shm/needles /etc /var /run /root /tmp 2>/dev/null || true
journalctl --quiet --output cat | grep --count --fixed-strings --file /dev/shm/needles || true
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep --count --fixed-strings --file /dev/shm/needles || true
docker inspect ${CONTAINER} | grep --count --fixed-strings --file /dev/shm/needles || true
curl --silent 127.0.0.1:9090/v1/discovery/consul/dump | grep --count --fixed-strings --file /dev/shm/needles || true
rm /dev/shm/needles`,
  );
  return found.split("\n").sort();
}

describeWithImage(APISIX, "gateways where Consul wants a token", () => {
  beforeAll(async () => {
    const started = Date.now();
    await up("left");
    console.info(`up after ${secondsSince(started)} s`);
    await untilServed(lab, "director", GATEWAYS);
    await eventually(isServing, 3 * MINUTES);
  }, 2 * BOOT);
  afterAll(async () => {
    await lab.down();
  }, BOOT);

  test("the chain serves: director, gateways that follow a service, and a consumer's key", async () => {
    await isServing();
    expect(await status("/keyed")).toBe("401");
    expect(await status("/keyed", `apikey: ${secret("key")}`)).toBe("200");
  });

  describe("with a stolen token", () => {
    test.each([
      ["of the gateway: its folder", "token_gateway_front_gw1", "kv get apisix/front/routes/all", 0],
      ["of the gateway: no other gateway's", "token_gateway_front_gw1", "kv get apisix/front-2/routes/all", 1],
      ["of the gateway: no other key", "token_gateway_front_gw1", "kv get web/greeting", 1],
      ["of the gateway: can't write its own", "token_gateway_front_gw1", "kv put apisix/front/routes/all x", 1],
      ["of the gateway: registers nothing", "token_gateway_front_gw1", "services register -name=front -port=1", 1],
      ["of the gateway: no tokens", "token_gateway_front_gw1", "acl token list", 1],
      ["of its service: no other one", "token_service_front_80_gw1", "services register -name=web -port=1", 1],
      ["of its service: no keys", "token_service_front_80_gw1", "kv get apisix/front/routes/all", 1],
      ["of its turn: no routes", "token_turn_front_gw1", "kv put apisix/front/routes/all x", 1],
      ["of Terraform: a route of the gateway", "token_terraform_platform", "kv get apisix/front/routes/all", 0],
      ["of Terraform: none of another", "token_terraform_platform", "kv put apisix/front-3/routes/all x", 1],
    ])("%s", async (_, name, words, exitCode) => {
      expect(await consul("gw1", words, name)).toMatchObject({ exitCode });
    });
  });

  test.each([
    "apisix/front-2/routes/all",
    "apisix/front-2?recurse",
    "apisix/front/../front-2/routes/all",
    "apisix/front/%2e%2e/front-2/routes/all",
    "apisix/front%2f..%2ffront-2%2froutes%2fall",
    "apisix//front-2/routes/all",
    "/apisix/front-2/routes/all",
    "apisix/front?recurse",
    "apisix/?recurse",
    "?recurse",
  ])("the gateway's token reads nothing of another gateway by the path %s", async (path) => {
    // A name that is none would get the same answer.
    expect((await consul("gw1", "kv get apisix/front-2/routes/all", "management_token")).output).toBe(DECOY);
    const ask = `curl --silent --path-as-is --max-time 10 --location --header @- 'http://127.0.0.1:8500/v1/kv/${path}'`;
    const answer = await lab.on("gw1", `echo 'X-Consul-Token: ${token("token_gateway_front_gw1")}' | ${ask}`);
    expect(answer).not.toContain(Buffer.from(DECOY).toString("base64"));
    const keys = [...answer.matchAll(/"Key":"([^"]*)"/g)].map(([, key]) => key);
    expect(keys.filter((key) => !key?.startsWith("apisix/front/"))).toEqual([]);
  });

  test("APISIX's publicly known keys are in nothing that was synthesized, and in no configuration", async () => {
    const known = ["edd1c9f034335f136f87ad84b625c8f1", "4054f7cf07e344346cd3f287985e76a2"];
    const words = known.flatMap((key) => ["-e", key]);
    const { stdout, exitCode } = await execa("grep", ["-rlF", "--exclude=cow", ...words, lab.root], { reject: false });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    const inside = `docker exec ${CONTAINER} grep -rlF --exclude=*.example ${words.join(" ")} /usr/local/apisix/conf`;
    expect(await lab.tryOn("gw1", inside)).toEqual({ exitCode: 1, output: "" });
    expect(await lab.on("gw1", "ss --no-header --listening --tcp --numeric | grep -c :9180 || true")).toBe("0");
  });

  test(
    "an agent and a worker of APISIX that crash leave no memory on a disk",
    async () => {
      const before = await placesOf("gw1", token("token_gateway_front_gw1"));
      await lab.on(
        "gw1",
        `touch /run/before-crash
systemctl kill --signal ABRT consul
pid=$(docker top ${CONTAINER} -eo pid,args | awk '/nginx: worker/ { print $1; exit }')
kill -SEGV "$pid"; while [ -e "/proc/$pid" ]; do sleep 1; done`,
      );
      expect(await lab.on("gw1", "find / -xdev -type f -name '*core*' -newer /run/before-crash")).toBe("");
      expect(await lab.on("gw1", `docker diff ${CONTAINER} | grep core || true`)).toBe("");
      await eventually(isServing, 3 * MINUTES);
      expect(await placesOf("gw1", token("token_gateway_front_gw1"))).toEqual(before);
    },
    6 * MINUTES,
  );

  test("its container is no root, has no capabilities, and can't write to its image", async () => {
    const format = "{{.Config.User}} {{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}} {{.HostConfig.SecurityOpt}}";
    const more = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.PidsLimit}} {{.HostConfig.Privileged}}";
    expect(await lab.on("gw1", `docker inspect --format '${format} ${more}' ${CONTAINER}`)).toBe(
      "636:636 [ALL] [] [no-new-privileges] true 256 false",
    );
    const processes = await lab.on(
      "gw1",
      `for pid in $(docker top ${CONTAINER} -eo pid | tail -n +2); do
grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status" | tr -s '\\t\\n' '  '; echo; done | sort --unique`,
    );
    console.info(processes);
    const caps = "0000000000000000";
    expect(processes).toMatch(
      new RegExp(`^Uid: 636 636 636 636 CapEff: ${caps} CapBnd: ${caps} NoNewPrivs: 1 (Seccomp: \\d )?$`),
    );
    for (const file of ["/usr/local/apisix/apisix/init.lua", "/new"]) {
      const { exitCode, output } = await lab.tryOn("gw1", `docker exec ${CONTAINER} /bin/sh -c 'echo >> ${file}'`);
      expect({ file, exitCode, output }).toMatchObject({
        exitCode: 2,
        output: expect.stringMatching(/Read-only/) as string,
      });
    }
    // Bodies that are too big for nginx's memory are written all the same.
    // From a machine of the cluster: the firewall keeps others away from a single gateway.
    await lab.on(
      "director",
      "head --bytes 3000000 /dev/zero | curl --silent --data-binary @- http://10.94.0.41/ || true",
    );
    const written = "a client request body is buffered to a temporary file /usr/local/apisix/client_body_temp/";
    expect(await lab.on("gw1", `docker logs ${CONTAINER} 2>&1`)).toContain(written);
  });

  test("its tokens and its secret are in their files, and nowhere else on its machine", async () => {
    const kept = "/etc/vipstack/secrets";
    expect(await placesOf("gw1", token("token_gateway_front_gw1"))).toEqual(
      [
        ...["0", "0", "0", "0"],
        `${kept}/consul-template/gateway-front.hcl`,
        `${kept}/consul-tokens/gateway-front`,
        `/run/${UNIT}/secrets/consul-token`,
      ].sort(),
    );
    expect(await placesOf("gw1", secret("key"))).toEqual(
      [...["0", "0", "0", "0"], `${kept}/gateway/front/ALICE_KEY`, `/run/${UNIT}/secrets/ALICE_KEY`].sort(),
    );
    expect(await placesOf("gw1", token("token_turn_front_gw1"))).toContain(`${kept}/consul-tokens/turn-front`);
    const { stdout } = await execa(
      "grep",
      ["-rlF", "--exclude=cow", "-e", token("token_gateway_front_gw1"), "-e", secret("key"), lab.root],
      { reject: false },
    );
    expect(stdout.split("\n").map((file) => file.slice(lab.root.length + 1))).toEqual([
      expect.stringMatching(/production-gateway\/secrets\.json$/),
    ]);
    const modes = await lab.on("gw1", `stat --format '%a %u:%g' /run/${UNIT}/secrets/* ${kept}/consul-tokens/*`);
    expect([...new Set(modes.split("\n"))].sort()).toEqual(["440 0:636", "600 0:0"]);
  });

  test("status shows its instances, asked with the machine's own token", async () => {
    expect((await lab.vipstack(["status"])).output).toMatch(/front +gw1 .*passing/);
  });

  test("its units are sandboxed", async () => {
    const shown = await lab.on(
      "gw1",
      `for unit in ${UNIT} ${UNIT}-routes ${UNIT}-turn; do systemd-analyze security --no-pager "$unit" | tail -n 1; done`,
    );
    console.info(shown);
    const levels = [...shown.matchAll(/for vipstack-\S+: ([\d.]+)/g)].map(([, level]) => Number(level));
    expect(levels).toHaveLength(3);
    for (const level of levels) expect(level).toBeLessThan(2.5);
  });

  test(
    "another route setting reloads nothing, and a route that left the program is deleted",
    async () => {
      const container = await lab.on("gw1", `docker inspect --format '{{.Id}}' ${CONTAINER}`);
      expect(await status("/left")).toBe("401");
      await up();
      await eventually(async () => {
        expect(await status("/left")).toBe("200");
      });
      expect((await consul("gw1", "kv get apisix/front/routes/left", "token_gateway_front_gw1")).exitCode).toBe(1);
      expect(await lab.on("gw1", `docker inspect --format '{{.Id}}' ${CONTAINER}`)).toBe(container);
    },
    BOOT,
  );

  test(
    "a second up changes nothing",
    async () => {
      expect(await up()).toMatch(NOTHING_TO_CHANGE);
    },
    BOOT,
  );

  test.each([
    [
      "other tokens are used by the same containers",
      ["consul_token_gateway_front_gw1", "consul_token_service_front_80_gw1"],
      true,
    ],
    ["another key: both containers are replaced, one after the other", ["key"], false],
  ])(
    "%s, without a lost request",
    async (_, names, isSame) => {
      const container = await lab.on("gw1", `docker inspect --format '{{.Id}}' ${CONTAINER}`);
      const before = names.map(secret);
      const requests = await lab.startRequests("client", { address: "10.94.0.100", port: 80, clients: 3 });
      await lab.vipstack(["secrets", "rotate", ...names.map((name) => `machines_${name}`)]);
      await up();
      expect(names.map(secret)).not.toEqual(before);
      await eventually(async () => {
        expect(await status("/keyed", `apikey: ${secret("key")}`)).toBe("200");
        await isServing();
      });
      const result = await requests.finish();
      console.info(`${names.join(", ")}: ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
      const after = await lab.on("gw1", `docker inspect --format '{{.Id}}' ${CONTAINER}`);
      expect(after === container).toBe(isSame);
    },
    BOOT,
  );

  test(
    "with the new token a service that changes is seen",
    async () => {
      await lab.on("server3", "systemctl stop caddy");
      await eventually(async () => {
        expect(await lab.answers("client", `${VIP}/`, 6)).toEqual({ server2: 6 });
        const dump = await lab.on("gw1", "curl --silent 127.0.0.1:9090/v1/discovery/consul/dump");
        expect(dump).not.toContain("10.94.0.33");
      }, 2 * MINUTES);
      await lab.on("server3", "systemctl start caddy");
      await eventually(isServing, 2 * MINUTES);
    },
    BOOT,
  );

  test(
    "after a power cut of both gateways they serve again without a hand",
    async () => {
      await Promise.all(["gw1", "gw2"].map((machine) => lab.lab("power-cut", machine)));
      await Promise.all(["gw1", "gw2"].map((machine) => lab.lab("power-on", machine)));
      await untilServed(lab, "director", GATEWAYS);
      await eventually(isServing, 3 * MINUTES);
      expect(await lab.on("client", statusTimes(4, `${VIP}/`))).toMatch(/^(200\n?){4}$/);
    },
    8 * MINUTES,
  );
});
