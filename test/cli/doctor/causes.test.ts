import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CAUSES } from "../../../cli/doctor/causes";
import { findingsOf } from "../../../cli/doctor/examination";
import { Facts } from "../../../cli/doctor/look";
import { Scene } from "../../../cli/doctor/scene";
import { captureCommand } from "../../../cli/doctor/watch";
import { typed } from "../../../cli/package";
import { packet, recorded, slow } from "./support/packets";
import { DIRECT, PAGE, sceneOf, TUNNEL, WEB } from "./support/scenes";
import { Change, changed, closed, healthy, instance, MACS, open, TABLE, TUNNEL_DEVICE, without } from "./support/seen";

/** A fault: where it shows, what machines print then, and what must be said. */
interface Fault {
  readonly scene: Scene;
  readonly away?: string;
  readonly changes?: readonly Change[];
  readonly cause: string;
  /** Machines and commands of the evidence. */
  readonly evidence: readonly string[];
  readonly cure: string;
}

const web = sceneOf(WEB);
const direct = sceneOf(DIRECT);
const tunnel = sceneOf(TUNNEL);
const page = sceneOf(PAGE);
const gated = sceneOf(WEB, {
  gateways: [
    {
      name: "gateway",
      instances: [
        { machine: "d2", ready: "http://127.0.0.1:9092/status/ready" },
        { machine: "elsewhere", ready: "http://127.0.0.1:9092/status/ready" },
      ],
      job: false,
      routes: [{ id: "hello", requests: "/hello", leadsTo: "d2:80" }],
    },
  ],
});
const CLIENT = "192.168.139.68.40000";
const VIP = "192.168.139.29.80";
const D2 = "192.168.139.184.80";
const TO_WEB = "-d 192.168.139.29/32 -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN";
const SNAT = `192.168.139.29.40000 > ${D2}`;

// Where a line has a number of the kernel's clock or a MAC address, a machine of the lab printed it while that fault was there.
const FAULTS: Readonly<Record<string, Fault>> = {
  "director-away": {
    scene: web,
    away: "ipvs",
    cause:
      "ipvs, the director of 192.168.139.29:80, does not accept a login: it is off, frozen or cut off from the network",
    evidence: ["ipvs# login"],
    cure: `${typed("lab", "power-on", "ipvs", "--dir", "/state/doctor/lab")}   (after a fault of the lab: heal or thaw in place of power-on)`,
  },
  "module-missing": {
    scene: web,
    changes: [
      ["ipvs", "ipvsadm -ln", TABLE.slice(0, 3)],
      ["ipvs", "cat /proc/modules", ["ip_vs 180224 0 - Live 0x0000000061f3c000"]],
      [
        "ipvs",
        "modprobe --show-depends ip_vs_rr",
        ["insmod /lib/modules/6.1.176/kernel/net/netfilter/ipvs/ip_vs.ko ", "install /bin/false "],
      ],
      [
        "ipvs",
        /^journalctl/,
        [
          "ipvs-rules: missing: -A -t 192.168.139.100:8080 -s rr",
          "vipstack-ipvs.service: Control process exited, code=exited, status=1/FAILURE",
        ],
      ],
    ],
    cause: "the kernel of ipvs can't load ip_vs_rr, so 192.168.139.29:80 is not in its IPVS table",
    evidence: [
      "ipvs# modprobe --show-depends ip_vs_rr",
      "ipvs# journalctl --unit vipstack-ipvs --unit vipstack-ipvs-keeper --output cat --lines 12 --no-pager",
    ],
    cure: "on ipvs: grep -rE '(install|blacklist) ip_vs_rr' /etc/modprobe.d   (such a line forbids the module); then modprobe ip_vs_rr",
  },
  "rules-missing": {
    scene: web,
    changes: [["ipvs", "ipvsadm -ln", TABLE.filter((line) => !line.includes("192.168.139.185:80 "))]],
    cause: "192.168.139.185:80 of 192.168.139.29:80 is in the program but not in the IPVS table of ipvs",
    evidence: [
      "ipvs# ipvsadm -ln",
      "ipvs# journalctl --unit vipstack-ipvs --unit vipstack-ipvs-keeper --output cat --lines 12 --no-pager",
    ],
    cure: "on ipvs: systemctl reload-or-restart vipstack-ipvs   (its journal names a line that it can't apply)",
  },
  "vip-missing": {
    scene: direct,
    changes: [
      [
        "ipvs",
        "ip -o address show",
        [
          "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever",
          "2: eth0    inet 192.168.139.29/24 brd 192.168.139.255 scope global eth0\\       valid_lft forever",
          "2: eth0    inet 192.168.139.101/32 scope global eth0\\       valid_lft forever preferred_lft forever",
        ],
      ],
    ],
    cause:
      "the virtual address 192.168.139.100 is missing on ipvs, the director, so packets for 192.168.139.100:8080 are not accepted there",
    evidence: ["ipvs# ip -o address show"],
    cure: "on ipvs: systemctl restart vipstack-addresses",
  },
  "foreign-dnat": {
    scene: web,
    changes: [
      [
        "ipvs",
        "iptables -t nat -S",
        [
          "-A PREROUTING -d 192.168.139.29/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.139.77:80",
          "-A VIPSTACK-POSTROUTING -j SNAT --to-source 192.168.139.29",
        ],
      ],
    ],
    cause: "a rule in the nat table of ipvs redirects packets for 192.168.139.29:80 before IPVS sees them",
    evidence: ["ipvs# iptables -t nat -S"],
    cure: "on ipvs: iptables -t nat -D PREROUTING -d 192.168.139.29/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.139.77:80   (then find out what added it: Docker, kube-proxy, a script)",
  },
  firewall: {
    scene: web,
    changes: [
      slow(web),
      [
        "ipvs",
        /iptables-save/,
        [
          "[3:180] -A VIPSTACK-CLIENTS -i lo -j RETURN",
          `[12:720] -A VIPSTACK-CLIENTS -s 10.8.0.0/16 ${TO_WEB} -j RETURN`,
          `[8:480] -A VIPSTACK-CLIENTS ${TO_WEB} -j DROP`,
        ],
      ],
    ],
    cause: "the firewall of ipvs drops what comes from 192.168.139.68, so requests for 192.168.139.29:80 get no answer",
    evidence: ["ipvs# iptables-save --counters | grep -E -e '-A VIPSTACK-(CLIENTS|FIREWALL|PUBLISHED) '"],
    cure: "if 192.168.139.68 should be served: add it to 'clients' of the virtual service web, and vipstack up",
  },
  "connection-table-full": {
    scene: web,
    changes: [
      [
        "ipvs",
        /nf_conntrack_count/,
        ["net.netfilter.nf_conntrack_count = 4090", "net.netfilter.nf_conntrack_max = 4096"],
      ],
      ["ipvs", /dmesg/, ["nf_conntrack: nf_conntrack: table full, dropping packet"]],
    ],
    cause:
      "the table of tracked connections of ipvs is full (4090 of 4096), so new connections to 192.168.139.29:80 are dropped",
    evidence: [
      "ipvs# sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",
      "ipvs# dmesg --notime | grep 'table full' | tail -n 2",
    ],
    cure: "on ipvs: sysctl --write net.netfilter.nf_conntrack_max=262144   (about 320 bytes of memory for each); to keep it, write it into a file in /etc/sysctl.d",
  },
  "arp-answered-by-real-server": {
    scene: direct,
    changes: [
      ["vm-1", /arping/, [`192.168.139.100 is at ${MACS.ipvs ?? ""}`, `192.168.139.100 is at ${MACS.d2 ?? ""}`]],
      ["d2", /arp_ignore/, ["net.ipv4.conf.all.arp_ignore = 0", "net.ipv4.conf.all.arp_announce = 0"]],
    ],
    cause: "the real server d2 answers ARP for the virtual address 192.168.139.100, so clients bypass ipvs",
    evidence: [
      "vm-1# arping -c 2 192.168.139.100",
      "d2# ip -o link show",
      "d2# sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce",
    ],
    cure: "on d2: sysctl --write net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2   (`sysctl --system` sets all values of the library again)",
  },
  "rp-filter": {
    scene: tunnel,
    changes: [["d2", /rp_filter/, ["net.ipv4.conf.all.rp_filter = 1", "net.ipv4.conf.tunl0.rp_filter = 1"]]],
    cause:
      "rp_filter on d2 drops packets for 192.168.139.101:8081 that come out of the tunnel, because their answers would leave by another interface",
    evidence: ["d2# sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.tunl0.rp_filter"],
    cure: "on d2: sysctl --write net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0   (`sysctl --system` sets all values of the library again)",
  },
  "tunnel-closed": {
    scene: tunnel,
    changes: [["d3", "ip -o link show", [TUNNEL_DEVICE("NOARP")]]],
    cause: "the device tunl0 of d3 is not up, so packets for 192.168.139.101:8081 do not come out of the tunnel there",
    evidence: ["d3# ip -o link show"],
    cure: "on d3: systemctl restart vipstack-tunl0",
  },
  "tunnel-mtu": {
    scene: tunnel,
    changes: [
      ["d2", /mangle/, ["-P POSTROUTING ACCEPT"]],
      ["ipvs", "iptables -S", ["-A OUTPUT -p icmp -m icmp --icmp-type 3/4 -j DROP"]],
      [
        "vm-1",
        /--data-binary/,
        [
          "200 0.001 0.004 0 | d3",
          "000 0.002 5.001 28 Operation timed out after 5000 milliseconds with 0 bytes received | ",
        ],
      ],
    ],
    cause:
      "full packets do not fit into the tunnel from ipvs to d2: small requests to 192.168.139.101:8081 are answered, 1 of 2 large ones hang",
    evidence: [
      "vm-1# curl --max-time 5 http://192.168.139.101:8081/",
      "vm-1# curl --max-time 5 http://192.168.139.101:8081/ --data-binary @FILE-OF-6000-BYTES",
      "d2# iptables -t mangle -S",
      "ipvs# iptables -S",
    ],
    cure: "on d2: systemctl restart vipstack-iptables   (its TCPMSS rule makes clients send smaller segments)",
  },
  "consul-away": {
    scene: page,
    changes: [
      [
        "ipvs",
        /leader/,
        ["curl: (7) Failed to connect to 127.0.0.1 port 8500 after 0 ms: Couldn't connect to server"],
        7,
      ],
      [
        "ipvs",
        /health/,
        ["curl: (7) Failed to connect to 127.0.0.1 port 8500 after 0 ms: Couldn't connect to server"],
        7,
      ],
    ],
    cause: "Consul does not answer ipvs, so 192.168.139.29:8082 keeps the real servers that page had before",
    evidence: [
      "ipvs# curl --silent --show-error --max-time 5 http://127.0.0.1:8500/v1/status/leader",
      "ipvs# curl --silent --show-error --max-time 5 'http://127.0.0.1:8500/v1/health/service/page'",
    ],
    cure: "on ipvs: systemctl restart consul; then journalctl --unit consul --lines 20",
  },
  "consul-empty": {
    scene: page,
    changes: [["ipvs", /health/, ["[]"]]],
    cause: "Consul has no instance of page, so 192.168.139.29:8082 gets no real server",
    evidence: ["ipvs# curl --silent --show-error --max-time 5 'http://127.0.0.1:8500/v1/health/service/page'"],
    cure: "on ipvs: consul catalog services   (the name and tags that are registered)",
  },
  "job-unhealthy": {
    scene: page,
    changes: [
      [
        "ipvs",
        /health/,
        [JSON.stringify([instance("critical", 'Get "http://192.168.139.185:8082/": connect: connection refused')])],
      ],
    ],
    cause: "no instance of page is healthy in Consul (1 registered), so 192.168.139.29:8082 gets no real server",
    evidence: ["ipvs# curl --silent --show-error --max-time 5 'http://127.0.0.1:8500/v1/health/service/page'"],
    cure: "on d3: look at the log of the server that the check asks",
  },
  "stale-real-server": {
    scene: web,
    changes: [
      [
        "ipvs",
        "ipvsadm -ln",
        TABLE.flatMap((line) =>
          line.startsWith("TCP  192.168.139.29:80 ")
            ? [line, "  -> 192.168.139.77:80            Masq    1      0          2"]
            : [line],
        ),
      ],
      ["ipvs", /is-active/, ["active", "inactive", "active"], 3],
    ],
    cause: "192.168.139.77:80 is not in the program, and ipvs still sends requests for 192.168.139.29:80 there",
    evidence: [
      "ipvs# ipvsadm -ln",
      "ipvs# systemctl is-active vipstack-ipvs.service vipstack-ipvs-watch.service vipstack-consul-template.service",
    ],
    cure: "on ipvs: systemctl restart vipstack-ipvs-watch.service; then systemctl reload-or-restart vipstack-ipvs",
  },
  "real-server-away": {
    scene: web,
    away: "d3",
    changes: [
      [
        "ipvs",
        /connect-timeout/,
        ["192.168.139.184:80 200 0.001 0.002 0 | d2", `${timedOut("192.168.139.185:80")} | `],
      ],
    ],
    cause: "d3 does not answer, so requests for 192.168.139.29:80 that ipvs sends there get no answer",
    evidence: ["d3# login", "ipvs# curl --connect-timeout 3 http://REAL-SERVER/ # those of 192.168.139.29:80"],
    cure: `${typed("lab", "power-on", "d3", "--dir", "/state/doctor/lab")}   (after a fault of the lab: heal or thaw in place of power-on)`,
  },
  "port-refused": {
    scene: web,
    changes: [
      ["ipvs", /connect-timeout/, [refused("192.168.139.185:80", 0.014609)]],
      ["d3", "ss -Hltn", ["LISTEN 0      128    0.0.0.0:22 0.0.0.0:*", "LISTEN 0      128       [::]:22    [::]:*"]],
    ],
    cause:
      "no server listens on 192.168.139.185:80, so requests for 192.168.139.29:80 that ipvs sends there are refused",
    evidence: ["ipvs# curl --connect-timeout 3 http://REAL-SERVER/ # those of 192.168.139.29:80", "d3# ss -Hltn"],
    cure: "on d3: systemctl --failed; then start the server (the library's Caddy: systemctl restart caddy)",
  },
  "gateway-without-route": {
    scene: gated,
    changes: [
      [
        "vm-1",
        /^curl --max-time/,
        ['404 0.002 0.010 0 | {"error_msg":"404 Route Not Found"}', "200 0.001 0.004 0 | d2"],
      ],
      ["d2", /write-out 'status/, ["status 503"]],
    ],
    cause: "the gateway behind 192.168.139.29:80 has no route for / (1 of 2 requests got 404 Route Not Found)",
    evidence: [
      "vm-1# curl --max-time 5 http://192.168.139.29:80/",
      "d2# curl --silent --show-error --output /dev/null --max-time 5 --write-out 'status %{http_code}' http://127.0.0.1:9092/status/ready",
    ],
    cure: "send requests that one of its routes matches: hello (/hello)",
  },
  "asymmetric-return": {
    scene: web,
    changes: [
      slow(web),
      ["ipvs", "sysctl net.ipv4.vs.conntrack", ["net.ipv4.vs.conntrack = 0"]],
      ...recorded(
        web,
        {
          "vm-1": [
            "1795683423.705721 In 192.168.139.184.80 > 192.168.139.68.38390: Flags [S.], seq 935474176, ack 3608549151, length 0",
            "1795683424.756135 In 192.168.139.184.80 > 192.168.139.68.38390: Flags [S.], seq 951917248, ack 3608549151, length 0",
          ],
        },
        {
          entries: [
            "TCP 00:53  SYN_RECV    192.168.139.68:44520 192.168.139.29:80  192.168.139.184:80",
            "TCP 00:38  SYN_RECV    192.168.139.68:33218 192.168.139.29:80  192.168.139.184:80",
          ],
        },
      ),
    ],
    cause:
      "the real server 192.168.139.184:80 answers vm-1 directly, not through ipvs, so vm-1 discards the answer and the entry of 192.168.139.29:80 stays in SYN_RECV",
    evidence: [
      "ipvs# ipvsadm -l -n -c",
      "vm-1# tcpdump -n -i any 'tcp and (port 80)'",
      "ipvs# sysctl net.ipv4.vs.conntrack",
      "ipvs# iptables -t nat -S",
    ],
    cure: "on ipvs: sysctl --write net.ipv4.vs.conntrack=1   (SNAT sees only connections that IPVS registers in connection tracking)",
  },
  "invalid-retracked": {
    scene: web,
    changes: [
      slow(web),
      ...recorded(
        web,
        {
          "vm-1": [
            packet(1, "Out", `${CLIENT} > ${VIP}`, "S"),
            packet(1.1, "Out", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80"),
            packet(1.3, "Out", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80"),
          ],
          ipvs: [
            packet(1, "In", `${CLIENT} > ${VIP}`, "S"),
            packet(1, "Out", `192.168.139.29.40000 > ${D2}`, "S"),
            packet(1.1, "In", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80, wrong checksum"),
            packet(1.1, "Out", `192.168.139.29.1024 > ${D2}`, "P.", "seq 8, ack 5, length 80"),
          ],
        },
        { invalid: [3, 4] },
      ),
    ],
    cause:
      "ipvs takes a packet of vm-1 for INVALID (its checksum is wrong), and SNAT sends it on as a new connection: it came from port 40000 and left from 1024, so the real server discards it and vm-1 sends it again",
    evidence: [
      "ipvs# tcpdump -n -i any 'tcp and (port 80)'",
      "ipvs# conntrack -S",
      "vm-1# tcpdump -n -i any 'tcp and (port 80)'",
    ],
    cure: "on vm-1: ethtool -K eth0 tx off   (a virtual network card may leave the checksum out); then look for what alters packets between the two machines",
  },
  "packet-loss": {
    scene: web,
    changes: [
      slow(web),
      ...recorded(web, {
        "vm-1": [
          packet(1, "Out", `${CLIENT} > ${VIP}`, "S"),
          packet(2, "Out", `${CLIENT} > ${VIP}`, "S"),
          packet(4, "Out", `${CLIENT} > ${VIP}`, "S"),
        ],
        ipvs: [packet(4, "In", `${CLIENT} > ${VIP}`, "S"), packet(4, "Out", `192.168.139.29.40000 > ${D2}`, "S")],
        d2: [packet(4, "In", `192.168.139.29.40000 > ${D2}`, "S")],
      }),
    ],
    cause:
      "packets get lost between vm-1 and ipvs (2 during a dozen requests to 192.168.139.29:80), and have to be sent again",
    evidence: ["vm-1# tcpdump -n -i any 'tcp and (port 80)'", "ipvs# tcpdump -n -i any 'tcp and (port 80)'"],
    cure: "look at the network between them; on both machines: ip -s link (errors, dropped) and tc -s qdisc (dropped)",
  },
  "machine-stands-still": {
    scene: web,
    changes: [
      slow(web),
      ...recorded(web, {
        "vm-1": [
          packet(1, "Out", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80"),
          packet(1.3, "Out", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80"),
        ],
        ipvs: [
          packet(1.8, "In", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80"),
          packet(1.8, "In", `${CLIENT} > ${VIP}`, "P.", "seq 8, ack 5, length 80"),
          packet(1.8, "Out", `192.168.139.29.40000 > ${D2}`, "P.", "seq 8, ack 5, length 80"),
          "1.800000 this machine stood still for 812 ms",
        ],
      }),
    ],
    cause:
      "ipvs stood still for 812 ms: packets to it wait longer than TCP does, so their sender sends them again; none is lost",
    evidence: ["ipvs# tcpdump -n -i any 'tcp and (port 80)'", "vm-1# tcpdump -n -i any 'tcp and (port 80)'"],
    cure: "give ipvs more processor time: look at the load of its host, and at `vmstat 1` on it (column st: time that the host took away)",
  },
};

/** The director's request to a real server that is refused, and to one that does not answer. */
function refused(target: string, seconds: number): string {
  return `${target} 000 0.000000 ${seconds} 7 Failed to connect to ${target} after ${seconds * 1000} ms: Couldn't connect to server | `;
}

function timedOut(target: string): string {
  return `${target} 000 0.000000 3.002 28 Failed to connect to ${target} after 3002 ms: Timeout was reached`;
}

function factsOf({ scene, away, changes = [] }: Pick<Fault, "scene" | "away" | "changes">): Facts {
  const seen = healthy(scene);
  return changed(away === undefined ? seen : without(seen, away, "ssh: connect to host: No route to host"), ...changes);
}

function namesOf(scene: Scene, facts: Facts): string[] {
  return findingsOf(scene, facts).map(({ name }) => name);
}

test("every cause has its case here, and a row in docs/troubleshooting.md", () => {
  const names = CAUSES.map(({ name }) => name);
  expect(Object.keys(FAULTS).sort()).toEqual([...names].sort());
  const docs = readFileSync(join(__dirname, "..", "..", "..", "docs", "troubleshooting.md"), "utf8");
  expect(names.filter((name) => !new RegExp(`^\\|[^|]*\\| \`${name}\`.*\\|$`, "m").test(docs))).toEqual([]);
});

test.each([
  ["masquerading", web],
  ["direct routing", direct],
  ["tunneling", tunnel],
  ["following Consul", page],
  ["a gateway", gated],
])("nothing is found where nothing is wrong: %s", (_, scene) => {
  const facts = factsOf({ scene, changes: recorded(scene, {}) });
  expect(namesOf(scene, facts)).toEqual([]);
});

test.each(Object.entries(FAULTS))("%s, and nothing else, is found", (name, fault) => {
  const findings = findingsOf(fault.scene, factsOf(fault));
  expect(findings.map((finding) => finding.name)).toEqual([name]);
  const [{ cause, evidence, cure } = { cause: "", evidence: [], cure: [] }] = findings;
  expect(cause).toBe(fault.cause);
  expect(evidence.map(({ machine, command }) => `${machine}# ${command}`)).toEqual(fault.evidence);
  expect(cure[0]).toBe(fault.cure);
});

describe("the firewall", () => {
  const rules = (machine: string, ...lines: string[]): Change => [
    machine,
    /iptables-save/,
    lines.map((line, index) => `[${index}:0] ${line}`),
  ];
  const findings = (scene: Scene, ...changes: Change[]) =>
    findingsOf(scene, factsOf({ scene, changes: [slow(scene), ...changes] })).filter(({ name }) => name === "firewall");

  test("its finding shows who may, and how many packets were dropped", () => {
    const many = Array.from({ length: 7 }, (_, at) => open("FIREWALL", 80, `10.0.0.${at}/32`));
    const [finding] = findings(web, rules("d2", ...many, closed("FIREWALL", 80)));
    expect(finding?.cause).toBe(
      "the firewall of d2 (192.168.139.184:80) drops what comes from 192.168.139.29, so requests for 192.168.139.29:80 get no answer",
    );
    const lines = finding?.evidence[0]?.lines;
    expect(lines).toHaveLength(7);
    expect(lines?.[1]).toBe(`[1 packets] ${many[1] ?? ""}`);
    expect(lines?.slice(-2)).toEqual(["(and 2 more)", `[7 packets] ${closed("FIREWALL", 80)}`]);
  });

  test("of a real server counts where packets keep the client's address, by direct routing at the virtual address", () => {
    const [finding] = findings(
      direct,
      rules("d3", open("FIREWALL", 8080, "192.168.139.29/32"), closed("FIREWALL", 8080)),
    );
    expect(finding?.cause).toBe(
      "the firewall of d3 drops what comes from 192.168.139.68, so requests for 192.168.139.100:8080 get no answer",
    );
  });

  test("a port of a job in the range that is limited", () => {
    const followed = page.withFollowed(["192.168.139.185:8082"]);
    const [finding] = findings(followed, rules("d3", closed("PUBLISHED", "80,8000:9000")));
    expect(finding?.cure[0]).toBe(
      "if 192.168.139.29 should be served: add it to 'portClients' of the Nomad client, and vipstack up",
    );
  });

  test.each<[string, Scene, Change[]]>([
    ["who asks may", web, [rules("ipvs", open("CLIENTS", 80, "192.168.139.0/24"), closed("CLIENTS", 80))]],
    [
      "another port or protocol",
      web,
      [rules("ipvs", closed("FIREWALL", 8300), closed("FIREWALL", 80).replace("tcp", "udp"))],
    ],
    [
      "one of the director's addresses may",
      web,
      [rules("d2", open("FIREWALL", 80, "192.168.139.29/32"), closed("FIREWALL", 80))],
    ],
    [
      "only what passes through",
      web,
      [rules("ipvs", closed("PUBLISHED", 80).replace(" -p ", " -m addrtype ! --dst-type LOCAL -p "))],
    ],
    ["what containers send", web, [rules("ipvs", closed("PUBLISHED", 80).replace(" -p ", " -i docker0 -p "))]],
  ])("is no cause: %s", (_, scene, changes) => {
    expect(findings(scene, ...changes)).toEqual([]);
  });

  test("is no cause where requests are answered", () => {
    const facts = factsOf({ scene: web, changes: [rules("ipvs", closed("CLIENTS", 80))] });
    expect(namesOf(web, facts)).toEqual([]);
  });
});

describe("two faults at once are both found", () => {
  const refusedOnD3: Change = ["ipvs", /connect-timeout/, [refused("192.168.139.185:80", 0.002)]];
  const { changes: foreignRule = [] } = FAULTS["foreign-dnat"] ?? {};
  const { changes: noVip = [] } = FAULTS["vip-missing"] ?? {};
  const { changes: strict = [] } = FAULTS["rp-filter"] ?? {};

  test("a foreign rule and a server that does not listen", () => {
    const facts = factsOf({ scene: web, changes: [...foreignRule, refusedOnD3] });
    expect(namesOf(web, facts)).toEqual(["foreign-dnat", "port-refused"]);
  });

  test("a missing VIP, and a real server without power", () => {
    const away: Change = ["ipvs", /connect-timeout/, [`${timedOut("192.168.139.185:8080")} | `]];
    const facts = factsOf({ scene: direct, away: "d3", changes: [...noVip, away] });
    expect(namesOf(direct, facts)).toEqual(["vip-missing", "real-server-away"]);
  });

  test("rp_filter on one real server, another without power", () => {
    const away: Change = ["ipvs", /connect-timeout/, [`${timedOut("192.168.139.185:8081")} | `]];
    const facts = factsOf({ scene: tunnel, away: "d3", changes: [...strict, away] });
    expect(namesOf(tunnel, facts)).toEqual(["rp-filter", "real-server-away"]);
  });

  test("a full table is the reason why the director's own requests to Consul get no answer", () => {
    const { changes: full = [] } = FAULTS["connection-table-full"] ?? {};
    const { changes: silent = [] } = FAULTS["consul-away"] ?? {};
    const facts = factsOf({ scene: page, changes: [...full, ...silent] });
    expect(namesOf(page, facts)).toEqual(["connection-table-full"]);
  });
});

test("a packet outside of its window resets its connection, and needs another cure than a wrong checksum", () => {
  const changes = (FAULTS["invalid-retracked"]?.changes ?? []).map(([machine, command, lines, code]): Change => [
    machine,
    command,
    lines.map((line) => line.replace(", wrong checksum", "")),
    code,
  ]);
  const [finding] = findingsOf(web, factsOf({ scene: web, changes }));
  expect(finding?.cause).toBe(
    "ipvs takes a packet of vm-1 for INVALID (it is outside of its window), and SNAT sends it on as a new connection: it came from port 40000 and left from 1024, so the real server does not know it and resets the connection",
  );
  expect(finding?.cure).toEqual([
    "on ipvs: sysctl --write net.netfilter.nf_conntrack_tcp_be_liberal=1   (packets outside of their window then remain part of their connection; the library sets it with SNAT)",
    "or on ipvs: iptables -I INPUT -d 192.168.139.29 -m conntrack --ctstate INVALID -j DROP   (the client sends the packet again, and nothing is reset)",
  ]);
});

describe("the place where packets get lost", () => {
  const request = [packet(1, "Out", `${CLIENT} > ${VIP}`, "S"), packet(2, "Out", `${CLIENT} > ${VIP}`, "S")];
  const arrived = request.map((line) => line.replace(" Out ", " In "));
  const forwarded = arrived.map((line) => line.replace(" In ", " Out ").replace(`${CLIENT} > ${VIP}`, SNAT));
  const received = forwarded.map((line) => line.replace(" Out ", " In "));

  test.each([
    ["between ipvs and d2", { "vm-1": request, ipvs: [...arrived, ...forwarded], d2: received.slice(1) }],
    ["inside ipvs", { "vm-1": request, ipvs: arrived }],
    ["inside d2, after they have arrived", { "vm-1": request, ipvs: [...arrived, ...forwarded], d2: received }],
  ])("%s", (where, lines) => {
    const facts = factsOf({ scene: web, changes: recorded(web, lines) });
    const [finding] = findingsOf(web, facts);
    expect(finding?.cause).toMatch(`packets get lost ${where} (`);
  });

  test("inside d2, before they leave it: its kernel sent more of them again than left it", () => {
    const changes = recorded(web, {}, { retransmitted: ["d2", 3, 8], dropped: [2, 7] });
    const facts = factsOf({ scene: web, changes });
    const [finding] = findingsOf(web, facts);
    expect(finding?.cause).toMatch("packets get lost inside d2, before they leave it (5 ");
    expect(finding?.evidence[0]?.lines).toEqual(["the kernel sent 5 packets again, 0 repeated ones left the machine"]);
    // What a queue dropped before says nothing, and neither does what other connections sent again.
    const earlier = recorded(web, {}, { retransmitted: ["d2", 3, 8], dropped: [7, 7] });
    expect(namesOf(web, changed(facts.seen, ...earlier))).toEqual([]);
  });
});

test("Consul is asked for the instances that the director follows", () => {
  const scene = sceneOf(PAGE, { change: { tag: "blue", datacenter: "dc2" } });
  const facts = factsOf({ scene, changes: [["ipvs", /health/, ["[]"]]] });
  expect(findingsOf(scene, facts)).toMatchObject([
    {
      name: "consul-empty",
      cause: "Consul has no instance of page with tag blue, so 192.168.139.29:8082 gets no real server",
      evidence: [
        {
          command:
            "curl --silent --show-error --max-time 5 'http://127.0.0.1:8500/v1/health/service/page?tag=blue&dc=dc2'",
        },
      ],
    },
  ]);
});

test("a followed instance that is no longer healthy is stale; one that is healthy and refuses has no server", () => {
  const second = { ...instance("passing"), Service: { Address: "192.168.139.184", Port: 8082 } };
  const both: Change = ["ipvs", /health/, [JSON.stringify([instance("critical"), second])]];
  const table = TABLE.flatMap((line) =>
    line.startsWith("TCP  192.168.139.29:8082 ")
      ? [line, "  -> 192.168.139.184:8082         Masq    1      0          1"]
      : [line],
  );
  const changes: Change[] = [both, ["ipvs", "ipvsadm -ln", table]];
  expect(namesOf(page, factsOf({ scene: page, changes }))).toEqual(["stale-real-server"]);
  const refusing: Change = [
    "ipvs",
    /connect-timeout/,
    [refused("192.168.139.184:8082", 0.001), refused("192.168.139.185:8082", 0.001)],
  ];
  const healthyOne: Change = ["ipvs", /health/, [JSON.stringify([second])]];
  const [stale, port] = findingsOf(page, factsOf({ scene: page, changes: [...changes, healthyOne, refusing] }));
  expect(stale?.cause).toBe(
    "192.168.139.185:8082 is no healthy instance of page in Consul, and ipvs still sends requests for 192.168.139.29:8082 there",
  );
  expect(port?.cause).toBe(
    "no server listens on 192.168.139.184:8082, so requests for 192.168.139.29:8082 that ipvs sends there are refused",
  );
});

test("with direct routing a followed instance is in the table with the service's port, not with its own", () => {
  const scene = sceneOf(PAGE, { change: { forwarding: "direct routing" } });
  const own = { ...instance("passing"), Service: { Address: "", Port: 9080 } };
  const facts = factsOf({ scene, changes: [["ipvs", /health/, [JSON.stringify([own])]]] });
  expect(namesOf(scene, facts)).toEqual([]);
  const masqueraded = factsOf({ scene: page, changes: [["ipvs", /health/, [JSON.stringify([own])]]] });
  expect(namesOf(page, masqueraded)).toEqual(["stale-real-server"]);
});

describe("what only looks like a fault", () => {
  test("a stray answer is none where it comes from the VIP", () => {
    const fault = FAULTS["asymmetric-return"];
    const changes = (fault?.changes ?? []).map(([machine, command, lines, code]): Change => [
      machine,
      command,
      lines.map((line) => line.replace(" In 192.168.139.184.80 ", " In 192.168.139.29.80 ")),
      code,
    ]);
    expect(namesOf(web, factsOf({ scene: web, changes }))).toEqual([]);
  });

  test("a standstill at another time than the packets that were sent again explains none of them", () => {
    const changes = (FAULTS["machine-stands-still"]?.changes ?? []).map(([machine, command, lines, code]): Change => [
      machine,
      command,
      lines.map((line) => line.replace("1.800000 this machine", "9.800000 this machine")),
      code,
    ]);
    expect(namesOf(web, factsOf({ scene: web, changes }))).toEqual([]);
  });

  test("packets are not lost where the capture itself lost some", () => {
    const { changes = [] } = FAULTS["packet-loss"] ?? {};
    const facts = factsOf({ scene: web, changes });
    const lines = facts.lines("ipvs", captureCommand(web)).map((line) => line.replace(/^0 (?=packets)/, "17 "));
    expect(namesOf(web, changed(facts.seen, ["ipvs", captureCommand(web), lines]))).toEqual([]);
  });

  test("a real server that drains is not stale, and one of weight 0 may be dead", () => {
    const leaving = TABLE.map((line) =>
      line.includes("192.168.139.185:80 ") ? line.replace("   1      0", "   0      2") : line,
    );
    const [d2, d3] = web.service.realServers;
    if (d2 === undefined || d3 === undefined) throw new Error("two real servers are needed");
    const scene = sceneOf(WEB, { change: { realServers: [d2, { ...d3, weight: 0 }] } });
    const facts = factsOf({ scene, away: "d3", changes: [["ipvs", "ipvsadm -ln", leaving]] });
    expect(namesOf(scene, facts)).toEqual([]);
    const still = changed(facts.seen, ["ipvs", "ipvsadm -ln", TABLE]);
    expect(namesOf(scene, still)).toEqual(["stale-real-server"]);
  });

  test("a server that listens on the VIP alone refuses only the machine's own address", () => {
    const changes: Change[] = [
      ["ipvs", /connect-timeout/, [refused("192.168.139.184:8080", 0.001)]],
      ["d2", "ss -Hltn", ["LISTEN 0      4096    192.168.139.100:8080       0.0.0.0:*"]],
    ];
    expect(namesOf(direct, factsOf({ scene: direct, changes }))).toEqual([]);
    const elsewhere: Change = ["d2", "ss -Hltn", ["LISTEN 0      4096    192.168.139.100:80       0.0.0.0:*"]];
    expect(namesOf(direct, factsOf({ scene: direct, changes: [...changes, elsewhere] }))).toEqual(["port-refused"]);
  });

  test("a machine that is not there is away, though curl says the same as of a closed port", () => {
    const changes: Change[] = [["ipvs", /connect-timeout/, [refused("192.168.139.185:80", 3.06)]]];
    expect(namesOf(web, factsOf({ scene: web, away: "d3", changes }))).toEqual(["real-server-away"]);
    expect(namesOf(web, factsOf({ scene: web, changes }))).toEqual(["port-refused"]);
  });

  test("a foreign rule for another port, another address or another protocol takes nothing away", () => {
    const rules = [
      "-A PREROUTING -d 192.168.139.29/32 -p tcp -m tcp --dport 8000:8090 -j DNAT --to-destination 10.0.0.1",
      "-A PREROUTING -d 192.168.139.30/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 81",
      "-A PREROUTING -d 192.168.139.29/32 -p udp -m udp --dport 80 -j DNAT --to-destination 10.0.0.1",
    ];
    const change: Change = ["ipvs", "iptables -t nat -S", rules];
    expect(namesOf(web, factsOf({ scene: web, changes: [change] }))).toEqual([]);
    expect(namesOf(page, factsOf({ scene: page, changes: [change] }))).toEqual(["foreign-dnat"]);
  });

  test("with a firewall mark the table has no address of the service, and real servers without port", () => {
    const scene = sceneOf(WEB, { change: { mark: 7 } });
    const marked = ["FWM  7 rr", "  -> 192.168.139.184:0            Masq    1      0          4"];
    const whole = [...marked, "  -> 192.168.139.185:0            Masq    1      0          4"];
    expect(namesOf(scene, factsOf({ scene, changes: [["ipvs", "ipvsadm -ln", whole]] }))).toEqual([]);
    expect(namesOf(scene, factsOf({ scene, changes: [["ipvs", "ipvsadm -ln", marked]] }))).toEqual(["rules-missing"]);
  });
});
