import { TerraformVariable } from "cdktf";
import { ForwardingMethod, Plane, Protocol, VirtualServiceOptions } from "../../constructs/lvs";
import { inKernel, whoReaches } from "../packets/support/namespaces";
import { iptablesV4, iptablesV6, Machines, messageOf, program } from "./support/program";

const service = { address: "192.168.139.100", port: 80 };
const clients = ["10.8.0.0/16", "192.168.139.7", "fd00:8::/32"];

function mangle(text: string): string[] {
  const table = /^\*mangle\n([^]*?)COMMIT$/m.exec(text)?.[1] ?? "";
  return table.split("\n").filter((line) => line.startsWith("-A VIPSTACK-CLIENTS "));
}

function clientRules(
  options: Partial<VirtualServiceOptions>,
  plane = Plane.IPVS,
  build: (machines: Machines) => void = () => undefined,
): string[] {
  const { ipvs } = program((machines) => {
    const realServers = [{ machine: machines.behind }];
    machines.director({ plane }).addVirtualService("web", { ...service, clients, realServers, ...options });
    build(machines);
  });
  return mangle(iptablesV4(ipvs)).map((rule) => rule.replace("-A VIPSTACK-CLIENTS ", ""));
}

const TO = "-d 192.168.139.100/32 -p tcp -m tcp --dport 80 --syn";

test.each([Plane.IPVS, Plane.IPTABLES])(
  "only the first packets of others are dropped, before plane %s takes them",
  (plane) => {
    expect(clientRules({}, plane)).toEqual([
      "-i lo -j RETURN",
      `-s 10.8.0.0/16 ${TO} -j RETURN`,
      `-s 192.168.139.7/32 ${TO} -j RETURN`,
      `${TO} -j DROP`,
    ]);
  },
);

test("a virtual service of IPv6 has the networks of IPv6, and one without clients has no rules", () => {
  const { ipvs } = program(({ director, behind }) => {
    const made = director();
    const realServers = [{ machine: behind }];
    made.addVirtualService("six", { address: "fd00:139::100", port: 80, clients, realServers });
    made.addVirtualService("open", { ...service, port: 81, realServers });
  });
  expect(mangle(iptablesV6(ipvs))).toEqual([
    "-A VIPSTACK-CLIENTS -i lo -j RETURN",
    "-A VIPSTACK-CLIENTS -s fd00:8::/32 -d fd00:139::100/128 -p tcp -m tcp --dport 80 --syn -j RETURN",
    "-A VIPSTACK-CLIENTS -d fd00:139::100/128 -p tcp -m tcp --dport 80 --syn -j DROP",
  ]);
  expect(iptablesV4(ipvs)).not.toContain("VIPSTACK-CLIENTS");
});

test("every port, and UDP: with SNAT by connection tracking, since answers may come to the same port", () => {
  const every = { port: 0, persistenceTimeout: "300s", clients: ["10.8.0.0/16"] };
  expect(clientRules(every).at(-1)).toBe("-d 192.168.139.100/32 -p tcp -m tcp --syn -j DROP");
  const udp = { protocol: Protocol.UDP, port: 53 };
  const match = "-d 192.168.139.100/32 -p udp -m udp --dport 53";
  expect(clientRules(udp).at(-1)).toBe(`${match} -m conntrack --ctstate NEW -j DROP`);
  expect(clientRules({ ...udp, forwarding: ForwardingMethod.masquerading() }).at(-1)).toBe(`${match} -j DROP`);
});

test("each endpoint of a firewall mark has the rules", () => {
  const { ipvs } = program(({ director, behind }) =>
    director().addFirewallMarkService("all", {
      mark: 7,
      endpoints: [service, { ...service, port: 443 }],
      clients: ["10.8.0.1"],
      realServers: [{ machine: behind }],
    }),
  );
  expect(mangle(iptablesV4(ipvs)).filter((rule) => rule.endsWith("-j DROP"))).toHaveLength(2);
});

const given = (options: Partial<VirtualServiceOptions>) => (): string | undefined =>
  messageOf(({ director }) => director().addVirtualService("web", { ...service, ...options }));

test.each<[string, () => string | undefined, string]>([
  [
    "what is no network",
    given({ clients: ["10.0.0.0/33", "office"] }),
    `test/director/web: 2 problems
  - 'clients' must hold addresses and networks, got "10.0.0.0/33": write them like '10.0.0.7' or '10.0.0.0/24'
  - 'clients' must hold addresses and networks, got "office": write them like '10.0.0.7' or '10.0.0.0/24'`,
  ],
  [
    "none of its address family",
    given({ clients: ["fd00::/8"] }),
    `test/director/web: 'clients' must hold an address or network of IPv4, as the virtual address is one, or no client could connect, got ["fd00::/8"]: add one, or leave 'clients' out for any source`,
  ],
  [
    "a port to which answers come",
    given({ clients, port: 40000, protocol: Protocol.UDP }),
    `test/director/web: 'clients' can't be given with udp port 40000: from 32768 on answers to the director's own questions come there, got ${JSON.stringify(clients)}: choose a port below 32768, or leave 'clients' out`,
  ],
  [
    "what Terraform resolves later",
    () =>
      messageOf(({ director, stack }) =>
        director().addVirtualService("web", {
          ...service,
          clients: [new TerraformVariable(stack, "office", { type: "string" }).stringValue],
        }),
      ),
    "test/director/web: 'clients' must be known at synth, and this is a reference that Terraform resolves later: write the value itself, or take it from a machine of the inventory",
  ],
])("%s is refused", (_, message, expected) => {
  expect(message()).toBe(expected);
});

inKernel("in a real kernel", () => {
  /** The director's rules, whose addresses are those of the scene. */
  function rules(plane: Plane): { 4: string; 6: string } {
    const { ipvs } = program(({ director, behind }) => {
      const made = director({ plane });
      const realServers = [{ machine: behind, port: 81 }];
      const allowed = ["10.0.0.2", "fd00::2"];
      made.addVirtualService("web", { ...service, clients: allowed, realServers });
      made.addVirtualService("open", { ...service, port: 82, realServers });
      made.addVirtualService("six", { address: "fd00:139::100", port: 80, clients: allowed, realServers });
    });
    return { 4: iptablesV4(ipvs), 6: iptablesV6(ipvs) };
  }

  const before = `ip address add 192.168.139.100/32 dev here; ip address add fd00:139::100/128 dev here nodad
ip -n other route add 192.168.139.100 via 10.0.0.1; ip -n other route add fd00:139::100 via fd00::1
`;
  const six = ["fd00::2 fd00:139::100", "fd00::3 fd00:139::100"];
  const tries = ["10.0.0.2 192.168.139.100", "10.0.0.3 192.168.139.100"];

  test("what IPVS would take is dropped for others, though the director's own rules accept it", () => {
    // Without IPVS the packets come to a program on the host, by the same way through PREROUTING and INPUT. `-m ipvs` needs its module.
    const { 4: v4, 6: v6 } = rules(Plane.IPVS);
    const withoutIpvs = (text: string): string => text.replace(/^.* -m ipvs .*\n/gm, "");
    expect(v4).toContain("-A VIPSTACK-INPUT -d 192.168.139.100/32 -p tcp -m tcp --dport 80 -j ACCEPT");
    expect(
      whoReaches({
        rules: { 4: withoutIpvs(v4), 6: withoutIpvs(v6) },
        before,
        listen: [80, 82],
        tries: [...tries, ...six],
        own: ["10.0.0.1 192.168.139.100"],
      }),
    ).toEqual([
      "10.0.0.2 80",
      "10.0.0.2 82",
      "10.0.0.3 82",
      "fd00::2 80",
      "fd00::2 82",
      "fd00::3 82",
      "10.0.0.1 80",
      "10.0.0.1 82",
    ]);
  }, 240_000);

  test("what the iptables plane would redirect is dropped for others", () => {
    const server = `${before}ip netns add box
ip link add behind type veth peer name inside netns box
ip address add 10.0.0.254/32 dev behind; ip link set behind up
ip -n box address add 10.0.0.11/32 dev inside; ip -n box link set inside up; ip -n box link set lo up
ip route add 10.0.0.11/32 dev behind; ip -n box route add 10.0.0.254/32 dev inside; ip -n box route add default via 10.0.0.254
echo 1 > /proc/sys/net/ipv4/ip_forward
ip address add 192.168.139.29/32 dev lo
serve ip netns exec box python3 /run/serve 81
rm /run/said
`;
    expect(
      whoReaches({ rules: rules(Plane.IPTABLES), before: server, listen: [9], ports: [80, 82], tries, own: [] }),
    ).toEqual(["10.0.0.2 80", "10.0.0.2 82", "10.0.0.3 82"]);
  }, 240_000);
});
