import { spawnSync } from "node:child_process";
import { firewallRules, LimitedPort } from "../../../constructs/packets/render/firewall";

const tcp = (port: number, ...from: string[]): LimitedPort => ({ protocol: "tcp", port, from });
const udp = (port: number, ...from: string[]): LimitedPort => ({ protocol: "udp", port, from });
const PEERS = ["10.0.0.2/32", "fd00::2/128"];

test("ports with the same peers share their rules, and each family has its own peers", () => {
  const ports = [tcp(8301, ...PEERS), tcp(8300, ...PEERS), udp(8301, ...PEERS), tcp(8501, "10.0.9.0/24")];
  expect(firewallRules(ports, 4).render()).toBe(`*filter
:VIPSTACK-FIREWALL - [0:0]
-A INPUT -j VIPSTACK-FIREWALL
-A VIPSTACK-FIREWALL -i lo -j RETURN
-A VIPSTACK-FIREWALL -s 10.0.0.2/32 -p tcp -m tcp --syn -m multiport --dports 8300,8301 -j RETURN
-A VIPSTACK-FIREWALL -p tcp -m tcp --syn -m multiport --dports 8300,8301 -j DROP
-A VIPSTACK-FIREWALL -s 10.0.9.0/24 -p tcp -m tcp --syn -m multiport --dports 8501 -j RETURN
-A VIPSTACK-FIREWALL -p tcp -m tcp --syn -m multiport --dports 8501 -j DROP
-A VIPSTACK-FIREWALL -s 10.0.0.2/32 -p udp -m multiport --dports 8301 -j RETURN
-A VIPSTACK-FIREWALL -p udp -m multiport --dports 8301 -j DROP
COMMIT
`);
  expect(firewallRules(ports, 6).render()).toContain(
    "-s fd00::2/128 -p tcp -m tcp --syn -m multiport --dports 8300,8301 -j RETURN\n",
  );
});

test("a port of one address concerns its family only, and a loopback address no one", () => {
  const at = (address: string): LimitedPort => ({ ...tcp(80), address });
  expect(firewallRules([at("10.0.0.1")], 4).render()).toContain(" -d 10.0.0.1 -p tcp ");
  for (const ports of [[at("fd00::1")], [at("127.0.0.1")], []]) expect(firewallRules(ports, 4).render()).toBe("");
  expect(firewallRules([at("::1")], 6).render()).toBe("");
});

test("more ports than a rule takes are several rules", () => {
  const ports = Array.from({ length: 16 }, (_, at) => tcp(9000 + at));
  expect(
    firewallRules(ports, 4)
      .render()
      .match(/ -j DROP/g),
  ).toHaveLength(2);
});

const namespace = spawnSync("unshare", ["--net", "--mount", "iptables-restore", "--version"]);
if (namespace.status !== 0)
  process.stderr.write("SKIPPED: packets in a real kernel (needs root, unshare and iptables on this machine)\n");
const inKernel = namespace.status === 0 ? describe : describe.skip;

/** A host with the rules, and a network with two strangers: who reaches which of its ports. */
const SCENE = `set -eu
mount -t tmpfs tmpfs /run
ip netns add other
ip link add here type veth peer name there netns other
ip address add 10.0.0.1/24 dev here
ip address add fd00::1/64 dev here nodad
for address in 10.0.0.2/24 10.0.0.3/24; do ip -n other address add "$address" dev there; done
for address in fd00::2/64 fd00::3/64; do ip -n other address add "$address" dev there nodad; done
ip link set lo up; ip link set here up; ip -n other link set there up
iptables-restore --noflush < "$1"
ip6tables-restore --noflush < "$2"
cat > /run/serve <<'PROGRAM'
import socket, sys, time
kept = [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) for port in (80, 8300)]
print("listening", flush=True)
time.sleep(60)
PROGRAM
cat > /run/try <<'PROGRAM'
import socket, sys
for source, address in (line.split() for line in sys.argv[1:]):
    for port in (80, 8300):
        try:
            socket.create_connection((address, port), timeout=1.5, source_address=(source, 0)).close()
            print(source, port)
        except OSError:
            pass
PROGRAM
python3 /run/serve > /run/said & server=$!
until grep -q listening /run/said; do sleep 0.1; done
ip netns exec other python3 /run/try "10.0.0.2 10.0.0.1" "10.0.0.3 10.0.0.1" "fd00::2 fd00::1" "fd00::3 fd00::1"
python3 /run/try "10.0.0.1 10.0.0.1" "fd00::1 fd00::1"
kill "$server"
`;

inKernel("in a real kernel", () => {
  test("a limited port is open to its peers and to the machine itself, another one to everyone", () => {
    const ports = [tcp(8300, ...PEERS), udp(8301, ...PEERS), { ...tcp(8302), protocol: "sctp" as const }];
    const text = (family: 4 | 6): string => `<(printf %s '${firewallRules(ports, family).render()}')`;
    const scene = `bash -c '${SCENE.replaceAll("'", `'"'"'`)}' scene`;
    const done = spawnSync("unshare", ["--net", "--mount", "bash", "-c", `${scene} ${text(4)} ${text(6)}`], {
      encoding: "utf8",
      timeout: 180_000,
    });
    expect(done.stderr).toBe("");
    expect(done.stdout.trim().split("\n")).toEqual([
      "10.0.0.2 80",
      "10.0.0.2 8300",
      "10.0.0.3 80",
      "fd00::2 80",
      "fd00::2 8300",
      "fd00::3 80",
      "10.0.0.1 80",
      "10.0.0.1 8300",
      "fd00::1 80",
      "fd00::1 8300",
    ]);
  }, 240_000);
});
