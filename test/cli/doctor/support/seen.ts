import { looksOf } from "../../../../cli/doctor/examination";
import { Facts, Output, Seen } from "../../../../cli/doctor/look";
import { Scene } from "../../../../cli/doctor/scene";

/** A command on a machine, and what it printed while a fault was there. */
export type Change = readonly [machine: string, command: RegExp | string, lines: readonly string[], exitCode?: number];

/** What the machines of a healthy deployment print: machine and command to lines. The first pattern that matches is used. */
const HEALTHY: readonly (readonly [pattern: RegExp, lines: (machine: string, scene: Scene) => readonly string[]])[] = [
  [/^\S+ true$/, () => []],
  [
    /curl --max-time/,
    () => [...["d2", "d3", "d2", "d3"].map((name) => `200 0.001 0.004 0 | ${name}`), "sent again: 0"],
  ],
  [/curl --connect-timeout/, (_, scene) => targetsOf(scene).map((target) => `${target} 200 0.001 0.004 0 | page`)],
  [/v1\/status\/leader/, () => ['"192.168.139.184:8300"']],
  [/v1\/health\/service\/page/, () => [JSON.stringify([instance("passing")])]],
  [/ip -o address show/, (machine) => ADDRESSES[machine] ?? []],
  [/ip -o link show/, (machine) => [LINK(machine), TUNNEL_DEVICE("NOARP,UP,LOWER_UP")]],
  [/ipvsadm -ln$/, () => TABLE],
  [/cat \/proc\/modules/, () => ["ip_vs_rr 16384 4 - Live 0x0000000061f3c000", "ip_vs 180224 6 ip_vs_rr, Live 0x0"]],
  [/modprobe --show-depends/, (_, { scheduler }) => [`insmod /lib/modules/6.1.176/kernel/net/ip_vs_${scheduler}.ko`]],
  [/journalctl/, () => []],
  [/systemctl is-active/, () => ["active", "active", "active"]],
  [/ip route get/, (_, { address }) => [`${address} dev eth0 src ${OF_CLIENT} uid 0`, "    cache"]],
  [
    /iptables-save --counters/,
    () => ["[9:540] -A VIPSTACK-FIREWALL -i lo -j RETURN", `[0:0] ${closed("FIREWALL", 8300)}`],
  ],
  [/iptables -t nat -S/, () => NAT],
  [
    /iptables -t mangle -S/,
    () => [
      "-P POSTROUTING ACCEPT",
      "-A POSTROUTING -j VIPSTACK-POSTROUTING",
      "-A VIPSTACK-POSTROUTING -s 192.168.139.101/32 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440",
    ],
  ],
  [/iptables -S/, () => ["-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT"]],
  [/sysctl net\.ipv4\.vs\.conntrack/, () => ["net.ipv4.vs.conntrack = 1"]],
  [/sysctl .*rp_filter/, () => ["net.ipv4.conf.all.rp_filter = 0", "net.ipv4.conf.tunl0.rp_filter = 0"]],
  [/sysctl .*arp_ignore/, () => ["net.ipv4.conf.all.arp_ignore = 1", "net.ipv4.conf.all.arp_announce = 2"]],
  [
    /sysctl .*nf_conntrack_count/,
    () => ["net.netfilter.nf_conntrack_count = 12", "net.netfilter.nf_conntrack_max = 262144"],
  ],
  [/dmesg/, () => []],
  [/arping/, (_, { address }) => [`${address} is at 52:54:00:00:00:29`]],
  [/ss -Hltn/, () => ["LISTEN 0      128    0.0.0.0:22 0.0.0.0:*", "LISTEN 0      4096         *:80       *:*"]],
  [/write-out 'status/, () => ["status 200"]],
];

const OF_CLIENT = "192.168.139.68";

/** The rule of a chain that drops what others send to a port. */
export function closed(chain: string, port: number | string): string {
  return `-A VIPSTACK-${chain} -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m multiport --dports ${port} -j DROP`;
}

/** The rule before it that lets a network pass. */
export function open(chain: string, port: number | string, network: string): string {
  return closed(chain, port).replace(" -p ", ` -s ${network} -p `).replace("DROP", "RETURN");
}

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  ipvs: [
    "1: lo    inet 127.0.0.1/8 scope host lo",
    "2: eth0    inet 192.168.139.29/24 brd 192.168.139.255 scope global eth0",
    "2: eth0    inet 192.168.139.100/32 scope global eth0",
    "2: eth0    inet 192.168.139.101/32 scope global eth0",
  ],
  ...Object.fromEntries(
    [
      ["d2", "192.168.139.184"],
      ["d3", "192.168.139.185"],
    ].map(([machine = "", address = ""]) => [
      machine,
      [
        "1: lo    inet 192.168.139.100/32 scope global lo",
        "1: lo    inet 192.168.139.101/32 scope global lo",
        `2: eth0    inet ${address}/24 brd 192.168.139.255 scope global eth0`,
      ],
    ]),
  ),
};

const LINK = (machine: string): string =>
  `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP mode DEFAULT group default qlen 1000\\    link/ether ${MACS[machine] ?? ""} brd ff:ff:ff:ff:ff:ff`;

export const MACS: Readonly<Record<string, string>> = {
  ipvs: "52:54:00:00:00:29",
  d2: "52:54:00:00:01:84",
  d3: "52:54:00:00:01:85",
};

export const TUNNEL_DEVICE = (flags: string): string =>
  `3: tunl0@NONE: <${flags}> mtu 1480 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/ipip 0.0.0.0 brd 0.0.0.0`;

export const TABLE: readonly string[] = [
  "IP Virtual Server version 1.2.1 (size=4096)",
  "Prot LocalAddress:Port Scheduler Flags",
  "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
  ...[
    ["192.168.139.29:80", "Masq "],
    ["192.168.139.29:8082", "Masq "],
    ["192.168.139.100:8080", "Route"],
    ["192.168.139.101:8081", "Tunnel"],
  ].flatMap(([address = "", forwarding]) => {
    const port = address.split(":")[1] ?? "";
    return [
      `TCP  ${address} rr`,
      // Of the followed service Consul knows one instance.
      ...(port === "8082" ? [] : [`  -> 192.168.139.184:${port}           ${forwarding}   1      0          4`]),
      `  -> 192.168.139.185:${port}           ${forwarding}   1      0          3`,
    ];
  }),
];

const NAT: readonly string[] = [
  "-P PREROUTING ACCEPT",
  "-P POSTROUTING ACCEPT",
  "-N VIPSTACK-POSTROUTING",
  "-A POSTROUTING -j VIPSTACK-POSTROUTING",
  "-A VIPSTACK-POSTROUTING -d 192.168.139.184/32 -p tcp -m ipvs --vaddr 192.168.139.29 -j SNAT --to-source 192.168.139.29",
];

/** An instance of the followed service in an answer of Consul. */
export function instance(status: string, output = "HTTP GET http://192.168.139.185:8082/: 200 OK Output: d3"): object {
  return {
    Node: { Node: "d3", Address: "192.168.139.185" },
    Service: { Address: "", Port: 8082 },
    Checks: [
      { Name: "Serf Health Status", Status: "passing", Output: "Agent alive and reachable" },
      { Name: "http", Status: status, Output: output },
    ],
  };
}

function targetsOf(scene: Scene): readonly string[] {
  return scene.follows === undefined ? scene.active.map((server) => scene.target(server)) : ["192.168.139.185:8082"];
}

/** Everything that is looked at for a service, as it is without a fault. A look that has no output here is an error. */
export function healthy(scene: Scene): Seen {
  const seen: Record<string, Record<string, Output>> = {};
  for (const { machine, command } of looksOf(scene)) {
    const lines = HEALTHY.find(([pattern]) => pattern.test(`${machine} ${command}`))?.[1];
    if (lines === undefined) throw new Error(`what does '${command}' print on ${machine}?`);
    seen[machine] = { ...seen[machine], [command]: { exitCode: 0, lines: lines(machine, scene) } };
  }
  return seen;
}

/** The same with other output of some commands. A pattern must match one of the commands; a word is added. */
export function changed(seen: Seen, ...changes: readonly Change[]): Facts {
  const result: Record<string, Record<string, Output>> = Object.fromEntries(
    Object.entries(seen).map(([machine, outputs]) => [machine, { ...outputs }]),
  );
  for (const [machine, command, lines, exitCode = 0] of changes) {
    const outputs = result[machine] ?? {};
    const names = typeof command === "string" ? [command] : Object.keys(outputs).filter((one) => command.test(one));
    if (names.length === 0) throw new Error(`nothing on ${machine} matches ${String(command)}`);
    for (const name of names) outputs[name] = { exitCode, lines };
    result[machine] = outputs;
  }
  return new Facts(result);
}

/** The same as if no login to a machine succeeded. */
export function without(seen: Seen, machine: string, why: string): Seen {
  return { ...seen, [machine]: { login: { exitCode: 255, lines: [why] } } };
}
