import { firewallRules, LimitedPort } from "../../../constructs/packets/render/firewall";
import { inKernel, whoReaches } from "../support/namespaces";

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

inKernel("in a real kernel", () => {
  test("a limited port is open to its peers and to the machine itself, another one to everyone", () => {
    const ports = [tcp(8300, ...PEERS), udp(8301, ...PEERS), { ...tcp(8302), protocol: "sctp" as const }];
    const rules = { 4: firewallRules(ports, 4).render(), 6: firewallRules(ports, 6).render() };
    expect(whoReaches({ rules, listen: [80, 8300] })).toEqual([
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
