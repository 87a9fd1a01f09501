import { mkdirSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { readSecrets, writeSecrets } from "../../cli/secrets/store";
import { describeWithPrograms } from "../support/programs";
import { ALL_AS_BEFORE, LabDeployment } from "./support/deployment";
import { lossOf } from "./support/load";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Nomad's agents under AgentProfile.PRODUCTION: what `up` makes for them, and what a stranger who reaches all of them can do.

const lab = LabDeployment.ofProgram("production-nomad");
const PORTS = { VIPSTACK_CONSUL_PORT: "18655", VIPSTACK_NOMAD_PORT: "18654" };
const VIP = "http://10.94.0.100/";
const SERVERS = ["server1", "server2", "server3"];

/** What a secret of the deployment is. */
const secret = (variable: string): string =>
  readSecrets(lab.description.stateFolder)[`machines_nomad_${variable}`]?.value ?? `no ${variable}`;

/** Nomad's own command line on a server, with the token that may do everything. */
const nomad = (words: string) => lab.tryOn("server2", `/usr/local/lib/vipstack/nomad-operator nomad ${words}`);

describeWithPrograms("Nomad under AgentProfile.PRODUCTION", ["nomad"], () => {
  let output = "";

  async function untilServed(): Promise<void> {
    await eventually(async () => {
      expect(await lab.answers("client", VIP, 4)).toEqual({ Hello: 4 });
    }, 5 * MINUTES);
  }

  beforeAll(async () => {
    output = await lab.up(PORTS);
    await untilServed();
  }, 3 * BOOT);
  afterAll(async () => {
    await lab.down();
  }, BOOT);

  test("the chain works: three servers, a client that they trust, a job that Consul checks", async () => {
    expect(output).toMatch(/hello .*web .*www \d+/);
    expect((await nomad("server members")).output.match(/ alive /g)).toHaveLength(3);
    expect((await nomad("operator raft list-peers")).output.match(/ true /g)).toHaveLength(3);
    expect((await nomad("node status")).output).toMatch(/ web .* eligible +ready/);
  });

  test("servers run as their own user, without capabilities", async () => {
    for (const server of SERVERS) {
      const pid = (await lab.on(server, "systemctl show --property MainPID --value nomad")).trim();
      expect(await lab.on(server, `stat --format %U /proc/${pid}; grep CapEff /proc/${pid}/status`)).toBe(
        "nomad\nCapEff:\t0000000000000000",
      );
    }
    const exposure = async (machine: string, unit: string) =>
      /level for \S+: ([\d.]+)/.exec(await lab.on(machine, `systemd-analyze security --no-pager ${unit}`))?.[1] ??
      "unknown";
    const [server, access, client] = [
      await exposure("server1", "nomad.service"),
      await exposure("server1", "vipstack-nomad-access.service"),
      await exposure("web", "nomad.service"),
    ];
    // The figures of docs/security.md.
    expect({ server, access, client }).toEqual({ server: "1.5", access: "2.0", client: "9.6" });
  });

  describe("a stranger on the same network", () => {
    const curl = (words: string) =>
      lab.tryOn("client", `cd /run; curl --silent --insecure --max-time 10 ${words} https://10.94.0.31:4646/v1/jobs`);

    test("gets no HTTP without a certificate", async () => {
      const { exitCode, output: said } = await curl("");
      expect([35, 55, 56]).toContain(exitCode);
      expect(said).toBe("");
      const plain = "curl --silent --max-time 10 http://10.94.0.31:4646/v1/jobs";
      expect((await lab.tryOn("client", plain)).output).not.toContain("hello");
    });

    test("nor with one of another authority of the same name", async () => {
      await lab.on(
        "client",
        `cd /run
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Nomad global' -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=server.global.nomad -keyout agent.key -out agent.csr 2>/dev/null
printf 'subjectAltName=DNS:server.global.nomad' > names
openssl x509 -req -in agent.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out agent.pem 2>/dev/null`,
      );
      const { exitCode } = await curl("--cert agent.pem --key agent.key");
      expect([35, 55, 56]).toContain(exitCode);
    });

    test("can't join the servers by gossip", async () => {
      const { exitCode } = await lab.tryOn("client", "nomad server join 10.94.0.31:4648");
      expect(exitCode).not.toBe(0);
      expect((await nomad("server members")).output).not.toContain("10.94.0.10");
    });
  });

  describe("with the certificate of a machine, on that machine", () => {
    const ask = (path: string, token = "") =>
      lab.on(
        "web",
        `cd /etc/vipstack/secrets/nomad; printf 'X-Nomad-Token: ${token}' | curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' --header @- --cacert authority.pem --cert agent.pem --key agent.pem https://127.0.0.1:4646/v1/${path}`,
      );

    test.each(["jobs", "nodes", "agent/self", "agent/members", "acl/tokens", "var/x", "operator/raft/configuration"])(
      "%s tells nothing without a token, or with a wrong one",
      async (path) => {
        expect(await ask(path)).toBe("403");
        expect(await ask(path, "11111111-2222-4333-8444-555555555555")).toBe("403");
      },
    );

    test("it is no server's: Raft takes no connection of it", async () => {
      // The first byte of a connection says what it is: 4 is TLS, and in it 2 is Raft.
      const raft = (folder: string) => `python3 - <<'PROGRAM'
import socket, ssl
tls = ssl.create_default_context(cafile="${folder}/authority.pem")
tls.load_cert_chain("${folder}/agent.pem")
plain = socket.create_connection(("10.94.0.31", 4647), 10)
plain.sendall(bytes([4]))
link = tls.wrap_socket(plain, server_hostname="server.global.nomad")
link.settimeout(3)
link.sendall(bytes([2]))
try:
    print("closed" if link.recv(1) == b"" else "answered")
except TimeoutError:
    print("open")
except OSError:
    print("closed")
PROGRAM`;
      expect(await lab.on("web", raft("/etc/vipstack/secrets/nomad"))).toBe("closed");
      expect(await lab.on("server2", raft("/etc/vipstack/secrets/nomad"))).toBe("open");
    });
  });

  test("the gossip key and the management token are nowhere but where the machines keep them for root", async () => {
    const search = (machine: string, value: string) =>
      lab.on(
        machine,
        `grep --recursive --files-with-matches --fixed-strings '${value}' /etc /run /root /tmp /var/log /var/lib/nomad || true`,
      );
    const key = secret("gossip_key");
    expect(key).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect((await search("server1", key)).split("\n").sort()).toEqual([
      "/etc/vipstack/secrets/nomad-access/access.json",
      "/etc/vipstack/secrets/nomad/gossip.hcl",
      "/run/vipstack-nomad/gossip.hcl",
      "/var/lib/nomad/server/serf.keyring",
    ]);
    const token = secret("management_token");
    expect(token).toMatch(/^[0-9a-f-]{36}$/);
    for (const value of [key, token]) {
      expect(await search("web", value)).toBe("");
      for (const machine of ["server1", "web"])
        expect(await lab.on(machine, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'")).not.toContain(
          value,
        );
      const { stdout } = await execa("grep", ["-rlF", "--exclude=cow", value, lab.root], { reject: false });
      expect(stdout.split("\n").map((file) => file.slice(lab.root.length + 1))).toEqual(
        [join("production-nomad", "secrets.json")].map((file) => expect.stringContaining(file) as unknown),
      );
    }
  });

  test("status, doctor and a snapshot use the certificate and the tokens", async () => {
    expect((await lab.vipstack(["status"])).output).toMatch(/hello .*web/);
    expect((await lab.vipstack(["doctor"])).output).toContain("Nothing is wrong");
    await lab.on("server2", "systemctl start vipstack-nomad-snapshot.service");
    expect(await lab.on("server2", "ls /var/lib/vipstack/snapshots/nomad")).toMatch(/^nomad-\S+\.snap$/);
  });

  test(
    "a second up changes nothing",
    async () => {
      expect(await lab.up(PORTS)).toMatch(ALL_AS_BEFORE);
    },
    BOOT,
  );

  test(
    "other secrets are brought by up, without a lost request",
    async () => {
      const names = ["certificate_server1", "certificate_web", "gossip_key", "management_token"];
      const variables = names.map((name) => `machines_nomad_${name}`);
      const before = names.map(secret);
      const requests = await lab.startRequests("client", { address: "10.94.0.100", port: 80, clients: 2 });
      expect((await lab.vipstack(["secrets", "rotate", ...variables])).exitCode).toBe(0);
      await lab.up(PORTS);
      names.forEach((name, index) => {
        expect(secret(name)).not.toBe(before[index]);
      });
      await eventually(async () => {
        expect((await nomad("server members")).output.match(/ alive /g)).toHaveLength(3);
        expect((await nomad("node status")).output).toMatch(/ web .* eligible +ready/);
      }, 5 * MINUTES);
      const result = await requests.finish();
      console.info(lossOf(result));
      expect(result.failures).toEqual([]);
      expect((await nomad("operator gossip keyring list")).output).toContain(secret("gossip_key"));
    },
    2 * BOOT,
  );

  test(
    "after a power cut of everything all comes back without a hand",
    async () => {
      const machines = ["client", "director", ...SERVERS, "web"];
      await Promise.all(machines.map((machine) => lab.lab("power-cut", machine)));
      await Promise.all(machines.map((machine) => lab.lab("power-on", machine)));
      await eventually(async () => {
        expect(await lab.answers("client", VIP, 4)).toEqual({ Hello: 4 });
      }, 8 * MINUTES);
    },
    10 * MINUTES,
  );

  test(
    "what a machine for jobs does before it is removed: its jobs end, by its own identity",
    async () => {
      await lab.on("web", "/usr/local/lib/vipstack/nomad-drain out");
      expect((await nomad("node status")).output).toMatch(/ web .* ineligible +ready/);
      await lab.on("web", "/usr/local/lib/vipstack/nomad-drain in");
      await untilServed();
    },
    8 * MINUTES,
  );

  test(
    "everything destroyed: with secrets.json and an archive of each agent all is back, also what was made by hand",
    async () => {
      const { stateFolder } = lab.description;
      const program = (agent: string, action: string) => [
        ...["exec", "server2", "--"],
        ...[`/usr/local/lib/vipstack/${agent}-snapshot`, action],
      ];
      const consul = (words: string) =>
        lab.tryOn("server3", `CONSUL_HTTP_TOKEN_FILE=/etc/vipstack/secrets/consul-tokens/management consul ${words}`);
      await consul("kv put lab/word kept");
      await nomad("var put lab/word text=kept");
      await lab.on(
        "server2",
        `/usr/local/lib/vipstack/nomad-operator nomad job run -detach - <<'JOB'
job "by-hand" {
  group "one" {
    task "one" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args = ["1d"]
      }
      resources {
        cpu = 20
        memory = 20
      }
    }
  }
}
JOB`,
      );
      await eventually(async () => {
        expect((await nomad("job status by-hand")).output).toMatch(/Status +=[^]*Status += successful/);
      }, 3 * MINUTES);
      const archives = new Map<string, Buffer>();
      for (const agent of ["consul", "nomad"]) archives.set(agent, await lab.bytesOf(program(agent, "fetch")));
      const secrets = readSecrets(stateFolder);

      expect((await lab.vipstack(["down"])).exitCode).toBe(0);
      expect(readSecrets(stateFolder)).toEqual({});
      mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
      writeSecrets(stateFolder, secrets);
      await lab.up(PORTS);
      expect((await nomad("job status by-hand")).output).toContain('No job(s) with prefix or ID "by-hand"');

      for (const [agent, archive] of archives) {
        const { exitCode, output: said } = await lab.vipstack(program(agent, "restore"), archive);
        console.info(said);
        expect(exitCode).toBe(0);
      }
      await lab.on("web", "systemctl restart nomad");
      await eventually(async () => {
        expect((await consul("kv get lab/word")).output).toBe("kept");
        for (const server of SERVERS) {
          const { output: word } = await lab.tryOn(
            server,
            "/usr/local/lib/vipstack/nomad-operator nomad var get -out go-template -template '{{ .Items.text }}' lab/word",
          );
          expect({ server, word }).toEqual({ server, word: "kept" });
        }
      }, 4 * MINUTES);
      // For five minutes Nomad waits for the client that the snapshot knows.
      await eventually(async () => {
        for (const job of ["by-hand", "hello"])
          expect((await nomad(`job status ${job}`)).output).toMatch(/ run +running /);
        expect(await lab.answers("client", VIP, 4)).toEqual({ Hello: 4 });
        const nodes = JSON.parse((await nomad("node status -json")).output) as { Name: string; Status: string }[];
        expect(nodes.filter(({ Status: status }) => status === "ready")).toMatchObject([{ Name: "web" }]);
        expect((await consul("catalog nodes")).output.match(/^(director|server\d|web) /gm)).toHaveLength(5);
      }, 10 * MINUTES);
      expect((await lab.vipstack(["doctor"])).output).toContain("Nothing is wrong");
      await eventually(async () => {
        expect(await lab.up(PORTS)).toMatch(ALL_AS_BEFORE);
      }, 4 * MINUTES);
    },
    40 * MINUTES,
  );
});
