import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { makeSecret } from "../../cli/secrets/maker";
import { readSecrets, writeSecrets } from "../../cli/secrets/store";
import { ConsulSecrets } from "./support/consul-secrets";
import { ALL_AS_BEFORE, LabDeployment } from "./support/deployment";
import { untilServed } from "./support/director";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Consul's agents under AgentProfile.PRODUCTION: what `up` makes for them, and what a stranger who reaches all of them can do.

const lab = LabDeployment.ofProgram("production");
const secrets = new ConsulSecrets(lab);
/** A token that a vault gives; `up` makes all other secrets. */
const VAULT = randomUUID();
const ENVIRONMENT = { VIPSTACK_CONSUL_PORT: "18651", TF_VAR_machines_consul_token_agent_server3: VAULT };
const DAY_MS = 86_400_000;
const VIP = "http://10.93.0.100/";
const OFFICE = "http://10.93.0.100:81/";
/** The one of port 8081 is of the virtual service for one machine only. */
const SERVERS = ["10.93.0.32:8080", "10.93.0.32:8081", "10.93.0.33:8080"];
let output = "";

beforeAll(async () => {
  output = await lab.up(ENVIRONMENT);
  await untilServed(lab, "director", SERVERS);
}, 2 * BOOT);

afterAll(async () => {
  await lab.down();
}, BOOT);

test("up makes the secrets by itself, in a file that only its owner can read", () => {
  expect(output).toMatch(/Secrets: 15 made, kept for their owner alone/);
  expect(statSync(join(lab.description.stateFolder, "secrets.json")).mode & 0o777).toBe(0o600);
});

test("the chain works: the director follows the services of agents that know each other", async () => {
  expect(await lab.answers("client", VIP, 4)).toEqual({ server2: 2, server3: 2 });
  expect((await secrets.consul("director", "members")).output.match(/ alive /g)).toHaveLength(4);
  for (const machine of ["director", "server1"])
    expect((await secrets.consul(machine, "info")).output).toMatch(/encrypted = true/);
});

describe("without a token, on a machine of the cluster", () => {
  test.each([
    "v1/catalog/services",
    "v1/agent/members",
    "v1/health/service/web",
    "v1/kv/?keys",
    "v1/agent/self",
    "v1/acl/tokens",
  ])("%s tells nothing", async (path) => {
    const answer = await lab.on("server1", `curl --silent --write-out ' %{http_code}' http://127.0.0.1:8500/${path}`);
    expect(answer).toMatch(/^(\[\]|\{\}|[^]*[Pp]ermission[^]*) (200|403|404)$/);
  });
});

describe("with the stolen token of a role", () => {
  test.each([
    ["of a director: reads the service that it follows", "token_director_director", "catalog nodes -service=web", 0],
    ["of a director: no keys", "token_director_director", "kv put lab/word x", 1],
    ["of a director: registers nothing", "token_director_director", "services register -name=web -port=1", 1],
    ["of a service: no other one", "token_service_web_8080_server2", "services register -name=other -port=1", 1],
    ["of an agent: no tokens", "token_agent_server2", "acl token list", 1],
    ["of an agent: no keys", "token_agent_server2", "kv put lab/word x", 1],
    ["of Terraform: its key", "token_terraform_platform", "kv put web/greeting Hello", 0],
    ["of Terraform: no other key", "token_terraform_platform", "kv put web/greeting/other x", 1],
    ["of Terraform: no other service", "token_terraform_platform", "services register -name=other -port=1", 1],
    ["of Terraform: no tokens", "token_terraform_platform", "acl token list", 1],
  ])("%s", async (_, token, words, exitCode) => {
    expect(await secrets.consul("server2", words, token)).toMatchObject({ exitCode });
  });
});

test(
  "a second up changes nothing",
  async () => {
    expect(await lab.up(ENVIRONMENT)).toMatch(ALL_AS_BEFORE);
  },
  BOOT,
);

describe("a stranger on the same network", () => {
  test("can't join by gossip", async () => {
    const { exitCode, output: said } = await lab.tryOn("client", "consul join 10.93.0.31");
    expect(exitCode).not.toBe(0);
    expect(said).toMatch(/Failed to join 10\.93\.0\.31/);
    expect((await secrets.consul("server1", "members")).output).not.toContain("10.93.0.10");
  });

  test("gets no HTTP, and no answer of HTTPS", async () => {
    const curl = (url: string) => lab.tryOn("client", `curl --silent --insecure --max-time 10 ${url}/v1/agent/members`);
    expect(await curl("http://10.93.0.31:8500")).toEqual({ exitCode: 7, output: "" });
    expect(await curl("https://10.93.0.31:8501")).toEqual({ exitCode: 28, output: "" });
  });

  test.each([
    ["director", "10.93.0.20", [22]],
    ["virtual address", "10.93.0.100", [22, 80]],
    ["server without a service", "10.93.0.31", [22]],
    ["server with a real server", "10.93.0.32", [22]],
  ])(
    "reaches ssh and the virtual service, of all ports from 1 to 10000: %s",
    async (_, address, open) => {
      expect(JSON.parse(await lab.on("client", scan(address)))).toEqual(open);
    },
    5 * MINUTES,
  );
});

/** Shell text that prints the ports from 1 to 10000 that take a connection. */
function scan(address: string): string {
  return `python3 - <<'PROGRAM'
import asyncio

async def opened(port, few):
    async with few:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection("${address}", port), 10)
        except (OSError, asyncio.TimeoutError):
            return []
        writer.close()
        return [port]

async def main():
    few = asyncio.Semaphore(200)
    found = await asyncio.gather(*(opened(port, few) for port in range(1, 10001)))
    print(sorted(sum(found, [])))

asyncio.run(main())
PROGRAM`;
}

describe("the firewall", () => {
  const reaches = async (from: string, to: string): Promise<boolean> => {
    const [address, port] = to.split(":");
    const tried = await lab.tryOn(from, `timeout 10 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`);
    return tried.exitCode === 0;
  };

  test.each([
    ["director", "10.93.0.31:8300", true],
    ["director", "10.93.0.31:8301", true],
    ["director", "10.93.0.31:8302", false],
    ["director", "10.93.0.31:8501", false],
    ["director", "10.93.0.32:8080", true],
    ["server2", "10.93.0.31:8302", true],
    ["server1", "10.93.0.31:8501", true],
    ["client", "10.93.0.32:8080", false],
    ["client", "10.93.0.20:8301", false],
  ])("%s to %s: %s", async (from, to, expected) => {
    expect(await reaches(from, to)).toBe(expected);
  });

  test(
    "lets only its clients reach a virtual service, and the doctor says so to others",
    async () => {
      expect(await lab.answers("server1", OFFICE, 2)).toEqual({ server2: 2 });
      expect(await lab.answers("director", OFFICE, 2)).toEqual({ server2: 2 });
      expect(await lab.tryOn("client", `curl --silent --max-time 5 ${OFFICE}`)).toEqual({ exitCode: 28, output: "" });
      expect(await lab.on("director", "iptables -t mangle -nvxL VIPSTACK-CLIENTS")).toMatch(/^ +[1-9]\d* .* DROP /m);
      const { output: said } = await lab.vipstack(["doctor", "--from", "client"]);
      expect(said).toMatch(
        /the firewall of director drops what comes from 10\.93\.0\.10, so requests for 10\.93\.0\.100:81 .* \[firewall\]/,
      );
      expect(said).toMatch(/✔ tcp 10\.93\.0\.100:80 /);
    },
    5 * MINUTES,
  );

  test.each([
    ["iptables -F", "! iptables-save | grep -q -- '-A VIPSTACK-FIREWALL'"],
    ["iptables -D INPUT -j VIPSTACK-FIREWALL", "! iptables -C INPUT -j VIPSTACK-FIREWALL"],
  ])("comes back after %s", async (command, gone) => {
    await lab.on("server2", `${command} && ${gone}`);
    await eventually(async () => {
      expect(await reaches("client", "10.93.0.32:8080")).toBe(false);
    });
    await lab.on("server2", "/usr/local/lib/vipstack/iptables-rules check");
  });
});

describe("on a machine of the cluster, without a certificate of an operator", () => {
  test("gets no HTTPS", async () => {
    // The server ends the handshake; which of curl's errors that is depends on when curl notices.
    const { exitCode, output: said } = await lab.tryOn(
      "server1",
      "curl --silent --insecure --max-time 10 https://10.93.0.31:8501/v1/agent/members",
    );
    expect([35, 55, 56]).toContain(exitCode);
    expect(said).toBe("");
  });

  test("can't talk RPC with a certificate of another authority, also if it has the same name", async () => {
    await lab.on(
      "server1",
      `cd /run
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Consul dc1' -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=server.dc1.consul -keyout agent.key -out agent.csr 2>/dev/null
openssl x509 -req -in agent.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out agent.pem 2>/dev/null`,
    );
    const { exitCode } = await lab.tryOn(
      "server1",
      "cd /run; curl --silent --insecure --max-time 10 --cert agent.pem --key agent.key https://10.93.0.31:8501/v1/agent/members",
    );
    expect([35, 55, 56]).toContain(exitCode);
  });
});

test("the secrets are nowhere but where the machines keep them for root", async () => {
  const value = secrets.value("gossip_key");
  expect((await lab.vipstack(["secrets", "show", "machines_consul_gossip_key"])).output.trim()).toBe(value);
  expect(value).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  const files = await lab.on(
    "server1",
    `grep --recursive --files-with-matches --fixed-strings '${value}' /etc /var /run /root || true`,
  );
  expect(files.split("\n").sort()).toEqual([
    "/etc/vipstack/secrets/consul-access/access.json",
    "/etc/vipstack/secrets/consul/gossip.hcl",
    "/run/vipstack-consul/gossip.hcl",
    "/var/lib/consul/serf/local.keyring",
    "/var/lib/consul/serf/remote.keyring",
  ]);
  expect(await lab.on("server1", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'")).not.toContain(
    value,
  );
  // The disks of the guests are what was looked through above.
  const { stdout } = await execa("grep", ["-rlF", "--exclude=cow", value, lab.root], { reject: false });
  expect(stdout.split("\n").map((file) => file.slice(lab.root.length + 1))).toEqual([
    expect.stringMatching(/production\/secrets\.json$/),
  ]);
});

test("a value that a vault gives as a variable is the token, and the deployment keeps it nowhere", async () => {
  const self = `CONSUL_HTTP_TOKEN=${VAULT} consul acl token read -self`;
  expect(await lab.tryOn("server3", self)).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining("agent-server3") as string,
  });
  const { exitCode, stdout } = await execa("grep", ["-rlF", "--exclude=cow", VAULT, lab.root], { reject: false });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
});

test(
  "a certificate near its end is brought to its machine with a warning, of up and of the doctor, which ends with another one",
  async () => {
    const { stateFolder } = lab.description;
    const name = "machines_consul_certificate_server3";
    const kept = readSecrets(stateFolder);
    const before = kept[name];
    if (before?.recipe.kind !== "certificate") throw new Error(`no certificate ${name}`);
    const { recipe } = before;
    const begin = Date.now() - (recipe.days - 20) * DAY_MS;
    writeSecrets(stateFolder, { ...kept, [name]: { ...before, ...makeSecret(recipe, kept[recipe.authority], begin) } });

    const warning = `certificate ${name} ends in 19 days: npx vipstack secrets rotate ${name}`;
    const said = await lab.up(ENVIRONMENT);
    expect(said).toContain(warning);
    expect((await lab.vipstack(["doctor"])).output).toContain(warning);
    const ends = (days: number): string =>
      `openssl x509 -noout -checkend ${days * 86_400} -in /etc/vipstack/secrets/consul/agent.pem`;
    expect(await lab.tryOn("server3", ends(18))).toMatchObject({ exitCode: 0 });
    expect(await lab.tryOn("server3", ends(21))).toMatchObject({ exitCode: 1 });
    expect((await secrets.consul("server3", "members")).output.match(/ alive /g)).toHaveLength(4);

    await lab.vipstack(["secrets", "rotate", name]);
    expect(await lab.up(ENVIRONMENT)).not.toContain("ends in");
    expect(await lab.tryOn("server3", ends(300))).toMatchObject({ exitCode: 0 });
  },
  2 * BOOT,
);

test("status and doctor ask Consul with the machines' own tokens", async () => {
  expect((await lab.vipstack(["status"])).output).toMatch(/web +server2 .*passing/);
  expect((await lab.vipstack(["doctor"])).output).toContain("Nothing is wrong");
});

test("a snapshot is saved with the servers' token", async () => {
  await lab.on("server2", "systemctl start vipstack-consul-snapshot.service");
  expect(await lab.on("server2", "ls /var/lib/vipstack/snapshots/consul")).toMatch(/^consul-\S+\.snap$/);
});
