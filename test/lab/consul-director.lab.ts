import { deployed } from "./support/deployment";
import { untilServed } from "./support/director";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// A director that follows Consul, on machines of their own: what an agent or a check decides. What
// happens while Consul is away is in consul-outages.long.ts.

const scene = deployed("consul-director", { VIPSTACK_CONSUL_PORT: "18500" });
const vip = "http://192.168.139.29:80/";
const [web1, web2] = ["192.168.139.31:80", "192.168.139.32:80"];

/** Waits until exactly these get new connections. @returns the seconds that it took */
async function until(...expected: string[]): Promise<number> {
  return untilServed(scene, "ipvs", expected);
}

test("Consul lists its server and both instances, with address and port", async () => {
  const catalog = await scene.on("server", "consul catalog services");
  expect(catalog.split("\n")).toEqual(["consul", "hello"]);
  const instances = JSON.parse(
    await scene.on("server", "curl --silent http://127.0.0.1:8500/v1/health/service/hello?passing"),
  ) as { Node: { Node: string }; Service: { Address: string; Port: number } }[];
  expect(instances.map(({ Node, Service }) => `${Node.Node} ${Service.Address}:${Service.Port}`).sort()).toEqual([
    `web1 ${web1}`,
    `web2 ${web2}`,
  ]);
});

test("the server is the notes' own: HTTP 8500, gRPC 8502 and DNS 8600 on every address; DNS knows the instances", async () => {
  const listening = await scene.on("server", "ss -Hltn | awk '{ print $4 }'");
  expect(listening.split("\n")).toEqual(expect.arrayContaining(["*:8500", "*:8502", "*:8600"]));
  const found = await scene.on("server", "consul kv put lab/word stays && curl --silent 127.0.0.1:8500/v1/agent/self");
  expect(found).toContain('"Version":"1.14.11"');
  expect(await (await fetch("http://127.0.0.1:18500/ui/")).text()).toContain("<title>Consul");
  const asked = await scene.on("vm-1", dnsQuery("hello.service.consul", "192.168.139.24", 8600));
  expect(asked.split("\n").sort()).toEqual(["192.168.139.31", "192.168.139.32"]);
});

test(
  "requests alternate between the healthy instances",
  async () => {
    await until(web1, web2);
    expect(await scene.answers("vm-1", vip, 10)).toEqual({ web1: 5, web2: 5 });
  },
  4 * MINUTES,
);

test("why consul-without-snat is refused: without the SNAT rules instances answer past the director, and it hangs", async () => {
  await scene.on("ipvs", "systemctl stop vipstack-iptables-watch.service vipstack-iptables-keeper.service");
  await scene.on("ipvs", "iptables -t nat -F VIPSTACK-POSTROUTING");
  const curl = scene.tryOn("vm-1", `curl --silent --max-time 6 ${vip}`);
  await eventually(async () => {
    expect(await scene.on("ipvs", "ipvsadm -lnc")).toMatch(/SYN_RECV +192\.168\.139\.68:\d+ +192\.168\.139\.29:80/);
  });
  expect((await curl).exitCode).toBe(28);
  await scene.on("ipvs", "/usr/local/lib/vipstack/iptables-rules apply");
  await scene.on("ipvs", "systemctl start vipstack-iptables-watch.service");
  expect(await scene.answers("vm-1", vip, 4)).toEqual({ web1: 2, web2: 2 });
});

test(
  "an instance in maintenance is drained, and comes back: no request is lost, open or new",
  async () => {
    const load = await scene.startLoad("vm-1", { address: "192.168.139.29", port: 80, held: 10 });
    await scene.on("web1", "consul maint -enable -service=hello-80 -reason=test");
    const left = await until(web2);
    await scene.on("web1", "consul maint -disable -service=hello-80");
    const back = await until(web1, web2);
    const result = await load.finish();
    expect(result).toMatchObject({ heldLost: 0, newFailed: [] });
    console.log(
      `maintenance: out after ${left} s, back after ${back} s, ${result.newAnswered} new requests, none lost`,
    );
  },
  BOOT,
);

test(
  "an instance whose server dies leaves; what is in the table meanwhile is refused at once",
  async () => {
    await scene.on("web1", "systemctl stop caddy");
    const left = await until(web2);
    expect(await scene.answers("vm-1", vip, 4)).toEqual({ web2: 4 });
    await scene.on("web1", "systemctl start caddy");
    console.log(`dead instance: out after ${left} s, back after ${await until(web1, web2)} s`);
  },
  BOOT,
);

test(
  "no healthy instance: the last ones stay for the grace, then clients are refused at once; the first one back serves",
  async () => {
    for (const machine of ["web1", "web2"]) await scene.on(machine, "systemctl stop caddy");
    const emptied = await until();
    expect((await scene.tryOn("vm-1", `curl --silent --max-time 10 ${vip}`)).exitCode).toBe(7);
    expect(emptied).toBeGreaterThanOrEqual(25);
    await scene.on("web2", "systemctl start caddy");
    await until(web2);
    await scene.on("web1", "systemctl start caddy");
    await until(web1, web2);
    console.log(`no healthy instance: refused after ${emptied} s`);
  },
  BOOT,
);

/** Python for a machine: the addresses that a DNS server knows of a name, one a line. */
function dnsQuery(name: string, server: string, port: number): string {
  return `python3 - <<'PROGRAM'
import socket, struct
labels = b"".join(bytes([len(part)]) + part.encode() for part in "${name}".split(".")) + b"\\0"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(10)
    client.sendto(struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!2H", 1, 1), ("${server}", ${port}))
    answer = client.recv(4096)
count, at = struct.unpack("!H", answer[6:8])[0], 12 + len(labels) + 4
for _ in range(count):
    length = struct.unpack("!H", answer[at + 10:at + 12])[0]
    print(socket.inet_ntoa(answer[at + 12:at + 12 + length]))
    at += 12 + length
PROGRAM`;
}
