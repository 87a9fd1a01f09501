import { firewallRules } from "../../../constructs/packets/render/firewall";
import { IptablesRules } from "../../../constructs/packets/render/iptables";
import { addPublishedLimits, PublishedPorts } from "../../../constructs/packets/render/published";
import { inKernel, whoReaches } from "../support/namespaces";

const PEERS = ["10.0.0.2", "fd00::2"];

function rulesOf(published: PublishedPorts, family: 4 | 6, rules = new IptablesRules()): string {
  addPublishedLimits(rules, published, family);
  return rules.render();
}

test("ports that may lead into containers are limited before the nat table leads them there", () => {
  expect(rulesOf({ ports: ["8080", "20000:32000"], from: PEERS }, 4)).toBe(`*mangle
:VIPSTACK-PUBLISHED - [0:0]
-A PREROUTING -j VIPSTACK-PUBLISHED
-A VIPSTACK-PUBLISHED -i lo -j RETURN
-A VIPSTACK-PUBLISHED -m addrtype ! --dst-type LOCAL -j RETURN
-A VIPSTACK-PUBLISHED -i docker0 -j RETURN
-A VIPSTACK-PUBLISHED -i nomad -j RETURN
-A VIPSTACK-PUBLISHED -s 10.0.0.2/32 -p tcp -m tcp --syn -m multiport --dports 8080,20000:32000 -j RETURN
-A VIPSTACK-PUBLISHED -p tcp -m tcp --syn -m multiport --dports 8080,20000:32000 -j DROP
-A VIPSTACK-PUBLISHED -s 10.0.0.2/32 -p udp -m multiport --dports 8080,20000:32000 -m conntrack --ctstate NEW -j RETURN
-A VIPSTACK-PUBLISHED -p udp -m multiport --dports 8080,20000:32000 -m conntrack --ctstate NEW -j DROP
COMMIT
`);
  expect(rulesOf({ ports: [], from: PEERS }, 4)).toBe("");
});

test("more ports than a rule takes are several rules; a range counts twice", () => {
  const ports = [...Array.from({ length: 14 }, (_, at) => String(8000 + at)), "20000:32000"];
  const drops = rulesOf({ ports, from: [] }, 4).match(/-p tcp .* -j DROP/g);
  expect(drops?.map((rule) => rule.split(",").length)).toEqual([14, 1]);
});

/** A container behind port 20080 of the host, with the rules that Docker has for it. */
const CONTAINER = `ip netns add box
ip link add docker0 type bridge
ip link add outside type veth peer name inside netns box
ip address add 172.17.0.1/16 dev docker0
ip link set outside master docker0; ip link set outside up; ip link set docker0 up
ip -n box address add 172.17.0.2/16 dev inside; ip -n box link set inside up; ip -n box link set lo up
ip -n box route add default via 172.17.0.1
echo 1 > /proc/sys/net/ipv4/ip_forward
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 20080 -j DNAT --to-destination 172.17.0.2:80
iptables -A FORWARD -o docker0 -j ACCEPT
serve ip netns exec box python3 /run/serve 80
rm /run/said
`;

inKernel("in a real kernel", () => {
  const published = { ports: ["9100", "20000:32000"], from: PEERS };
  const tries = ["10.0.0.2 10.0.0.1", "10.0.0.3 10.0.0.1"];
  const container = { before: CONTAINER, listen: [81], ports: [20080], tries, own: [] };

  test("a port that Docker publishes does not meet INPUT, where the firewall of roles is", () => {
    const claim = firewallRules([{ protocol: "tcp", port: 20080, from: [] }], 4).render();
    expect(whoReaches({ ...container, rules: { 4: claim, 6: "" } })).toEqual(["10.0.0.2 20080", "10.0.0.3 20080"]);
  }, 240_000);

  test("it is open to those who may, and to no other", () => {
    const rules = { 4: rulesOf(published, 4), 6: rulesOf(published, 6) };
    expect(whoReaches({ ...container, rules })).toEqual(["10.0.0.2 20080"]);
  }, 240_000);

  test("so is a port of the range in the machine's own network; others stay open, and what passes through the machine", () => {
    const rules = { 4: rulesOf(published, 4), 6: rulesOf(published, 6) };
    const through = `${CONTAINER}ip -n other route add 172.17.0.0/16 via 10.0.0.1\nserve ip netns exec box python3 /run/serve 9100\nrm /run/said\n`;
    expect(
      whoReaches({
        rules,
        before: through,
        listen: [80, 9100],
        tries: [...tries, "fd00::3 fd00::1", "10.0.0.3 172.17.0.2"],
      }),
    ).toEqual([
      "10.0.0.2 80",
      "10.0.0.2 9100",
      "10.0.0.3 80",
      "fd00::3 80",
      "10.0.0.3 80",
      "10.0.0.3 9100",
      "10.0.0.1 80",
      "10.0.0.1 9100",
      "fd00::1 80",
      "fd00::1 9100",
    ]);
  }, 240_000);
});
