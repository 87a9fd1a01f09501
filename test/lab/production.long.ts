import { ConsulSecrets } from "./support/consul-secrets";
import { LabDeployment } from "./support/deployment";
import { untilServed } from "./support/director";
import { lossOf } from "./support/load";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Every kind of secret of AgentProfile.PRODUCTION is replaced while requests go through the director; then a machine leaves, and power is cut.

const lab = LabDeployment.ofProgram("production");
const secrets = new ConsulSecrets(lab);
const PORTS = { VIPSTACK_CONSUL_PORT: "18652" };
const VIP = "http://10.93.0.100/";
const SERVERS = ["10.93.0.32:8080", "10.93.0.32:8081", "10.93.0.33:8080"];

beforeAll(async () => {
  await lab.up(PORTS);
  await untilServed(lab, "director", SERVERS);
}, 2 * BOOT);

afterAll(async () => {
  await lab.down();
}, BOOT);

describe("another secret is brought by up, without a lost request", () => {
  let pid = "";
  const agentOf = (machine: string) => lab.on(machine, "systemctl show --property MainPID consul");
  beforeAll(async () => {
    pid = await agentOf("director");
  });

  test.each([
    ["certificate of an agent", ["certificate_director"]],
    [
      "tokens of a director, a service, an agent and Terraform",
      ["director_director", "service_web_8080_server2", "agent_director", "terraform_platform"].map(
        (role) => `token_${role}`,
      ),
    ],
    ["token that may do everything, and the key of gossip", ["management_token", "gossip_key"]],
    ["authority, with all certificates", ["authority"]],
  ])(
    "%s",
    async (_, names) => {
      const before = names.map((name) => secrets.value(name));
      const requests = await lab.startRequests("client", { address: "10.93.0.100", port: 80, clients: 3 });
      const variables = names.map((name) => `machines_consul_${name}`);
      expect((await lab.vipstack(["secrets", "rotate", ...variables])).output).toContain(variables.join(", "));
      await lab.up(PORTS);
      names.forEach((name, index) => {
        expect(secrets.value(name)).not.toBe(before[index]);
      });
      await eventually(async () => {
        const { output: members } = await secrets.consul("server2", "members");
        expect(members.match(/ alive /g)).toHaveLength(4);
        expect((await secrets.consul("server2", "operator raft list-peers")).output).toMatch(/ leader /);
        // Each agent goes on to tell the catalog of its services.
        expect(await lab.answers("client", VIP, 4)).toEqual({ server2: 2, server3: 2 });
      });
      const result = await requests.finish();
      console.info(`${names.join(", ")}: ${lossOf(result)}`);
      expect(result.failures).toEqual([]);
      expect(await agentOf("director")).toBe(pid);
    },
    BOOT,
  );

  test("the old key of gossip is forgotten by all", async () => {
    const { output: keys } = await secrets.consul("server1", "keyring -list");
    expect(keys.match(/[A-Za-z0-9+/]{43}= \[\d+\/\d+\]/g)).toHaveLength(2);
    expect(keys).toContain(secrets.value("gossip_key"));
  });
});

test(
  "what a machine does before it is removed: its service is withdrawn, without a lost request",
  async () => {
    const requests = await lab.startRequests("client", { address: "10.93.0.100", port: 80, clients: 3 });
    await lab.on("server3", "/usr/local/lib/vipstack/before-removal");
    expect(await lab.answers("client", VIP, 4)).toEqual({ server2: 4 });
    const result = await requests.finish();
    console.info(lossOf(result));
    expect(result.failures).toEqual([]);
    // A host that is set up again has its service back.
    await lab.on("server3", "systemctl start caddy; systemctl restart consul");
    await untilServed(lab, "director", SERVERS);
  },
  BOOT,
);

test(
  "after a power cut of everything all comes back without a hand",
  async () => {
    const machines = ["client", "director", "server1", "server2", "server3"];
    await Promise.all(machines.map((machine) => lab.lab("power-cut", machine)));
    await Promise.all(machines.map((machine) => lab.lab("power-on", machine)));
    await untilServed(lab, "director", SERVERS);
    expect(await lab.answers("client", VIP, 4)).toEqual({ server2: 2, server3: 2 });
  },
  8 * MINUTES,
);
