import { Examination } from "../../cli/doctor/examination";
import { LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Faults on the machines of one deployment, made with a shell or the lab's commands: the doctor has to tell them apart.

const scene = LabDeployment.ofProgram("doctor");
const WEB = "192.168.139.29:80";
const DIRECT = "192.168.139.100:8080";
const TUNNEL = "192.168.139.101:8081";
const PAGE = "192.168.139.29:8082";

beforeAll(() => scene.up(), BOOT);
afterAll(() => scene.down(), BOOT);

/** Faults that are there at the same time, each at another virtual service, so that one look has to tell them apart. */
interface Round {
  /** Shell text for each machine, or words of the lab's command line. */
  readonly makes: Readonly<Record<string, string>>;
  readonly ends: Readonly<Record<string, string>>;
  /** Virtual service to the names of what is found. Of those that are not named nothing is found. */
  readonly found: Readonly<Record<string, readonly string[]>>;
  /** Virtual service to what its first finding says. */
  readonly says: Readonly<Record<string, string | RegExp>>;
  /** Virtual services whose findings are decided by time, for example by how soon Consul takes an instance for dead. */
  readonly open?: readonly string[];
}

const STOP_KEEPER = "systemctl stop vipstack-ipvs-watch.service vipstack-ipvs-keeper.service";
const START_KEEPER = "systemctl start vipstack-ipvs-watch.service";

/** A queue that treats the packets of one port in its own way; a login uses another port. */
function impair(match: string, netem: string): string {
  return `tc qdisc add dev eth0 root handle 1: prio bands 2 priomap ${Array<number>(16).fill(0).join(" ")}
tc qdisc add dev eth0 parent 1:2 handle 20: netem ${netem}
tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip ${match} 0xffff flowid 1:2`;
}

const ROUNDS: Readonly<Record<string, Round>> = {
  "a stale real server, a VIP that is gone, rp_filter, an agent of Consul that does not run": {
    makes: {
      ipvs: `${STOP_KEEPER}
ipvsadm -a -t ${WEB} -r 192.168.139.77:80 -m -w 1
ip address del 192.168.139.100/32 dev eth0
systemctl stop consul`,
      d2: "sysctl -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.tunl0.rp_filter=1",
    },
    ends: {
      ipvs: `systemctl start consul
systemctl restart vipstack-addresses
ipvsadm -d -t ${WEB} -r 192.168.139.77:80 || true
${START_KEEPER}`,
      d2: "sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0",
    },
    found: {
      [WEB]: ["stale-real-server"],
      [DIRECT]: ["vip-missing"],
      [TUNNEL]: ["rp-filter"],
      [PAGE]: ["consul-away"],
    },
    says: {
      [WEB]: `192.168.139.77:80 is not in the program, and ipvs still sends requests for ${WEB} there`,
      [DIRECT]: `the virtual address 192.168.139.100 is missing on ipvs, the director, so packets for ${DIRECT} are not accepted there`,
      [TUNNEL]: `rp_filter on d2 drops packets for ${TUNNEL} that come out of the tunnel, because their answers would leave by another interface`,
      [PAGE]: `Consul does not answer ipvs, so ${PAGE} keeps the real servers that page had before`,
    },
  },
  "a foreign rule, a real server that answers ARP, a closed tunnel, a service that Consul does not have": {
    makes: {
      ipvs: "iptables -t nat -I PREROUTING -d 192.168.139.29 -p tcp --dport 80 -j DNAT --to-destination 192.168.139.77:80",
      d2: "sysctl -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0",
      d3: `ip link set dev tunl0 down
consul services deregister -id=page-8082`,
    },
    ends: {
      ipvs: "iptables -t nat -D PREROUTING -d 192.168.139.29 -p tcp --dport 80 -j DNAT --to-destination 192.168.139.77:80",
      d2: "sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
      d3: `systemctl restart vipstack-tunl0
consul reload`,
      "vm-1": "ip neigh flush to 192.168.139.100; ip neigh flush to 192.168.139.101",
    },
    found: {
      [WEB]: ["foreign-dnat"],
      [DIRECT]: ["arp-answered-by-real-server"],
      [TUNNEL]: ["arp-answered-by-real-server", "tunnel-closed"],
      [PAGE]: ["consul-empty"],
    },
    says: {
      [WEB]: `a rule in the nat table of ipvs redirects packets for ${WEB} before IPVS sees them`,
      [DIRECT]: "the real server d2 answers ARP for the virtual address 192.168.139.100, so clients bypass ipvs",
      [PAGE]: `Consul has no instance of page, so ${PAGE} gets no real server`,
    },
  },
  "a rule that is gone, full packets that do not fit into a tunnel": {
    makes: {
      ipvs: `${STOP_KEEPER}
ipvsadm -d -t ${WEB} -r 192.168.139.185:80
iptables -I OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP`,
      d2: `systemctl stop vipstack-iptables-watch.service vipstack-iptables-keeper.service
iptables -t mangle -F`,
    },
    ends: {
      ipvs: `${START_KEEPER}
iptables -D OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP`,
      d2: "systemctl start vipstack-iptables-watch.service",
    },
    found: { [WEB]: ["rules-missing"], [TUNNEL]: ["tunnel-mtu"] },
    says: {
      [WEB]: `192.168.139.185:80 of ${WEB} is in the program but not in the IPVS table of ipvs`,
      [TUNNEL]:
        /^full packets do not fit into the tunnel from ipvs to d2: small requests to \S+ are answered, \d of 4 large ones hang$/,
    },
  },
  "a scheduler that the kernel can't load": {
    makes: {
      ipvs: `${STOP_KEEPER}
echo 'install ip_vs_rr /bin/false' > /etc/modprobe.d/doctor.conf
ipvsadm -C
for try in 1 2 3 4 5; do rmmod ip_vs_rr && break; sleep 1; done
if grep '^ip_vs_rr ' /proc/modules; then exit 1; fi`,
    },
    ends: {
      ipvs: `rm /etc/modprobe.d/doctor.conf
systemctl reload-or-restart vipstack-ipvs
${START_KEEPER}`,
    },
    found: Object.fromEntries([WEB, DIRECT, TUNNEL, PAGE].map((service) => [service, ["module-missing"]])),
    says: { [WEB]: `the kernel of ipvs can't load ip_vs_rr, so ${WEB} is not in its IPVS table` },
  },
  "a server that does not run": {
    makes: { d3: "systemctl stop caddy" },
    ends: { d3: "systemctl start caddy" },
    found: { [WEB]: ["port-refused"], [DIRECT]: ["port-refused"], [TUNNEL]: ["port-refused"] },
    says: {
      [WEB]: `no server listens on 192.168.139.185:80, so requests for ${WEB} that ipvs sends there are refused`,
      [DIRECT]: `no server listens on 192.168.139.185:8080, so requests for ${DIRECT} that ipvs sends there are refused`,
    },
    open: [PAGE],
  },
  "no room for another connection": {
    makes: {
      // A login is still possible.
      ipvs: `iptables -t raw -I PREROUTING -p tcp --dport 22 -j CT --notrack
iptables -t raw -I OUTPUT -p tcp --sport 22 -j CT --notrack
sysctl -n net.netfilter.nf_conntrack_max > /run/doctor-max
sysctl -w net.netfilter.nf_conntrack_max=1`,
    },
    ends: {
      ipvs: `sysctl -w net.netfilter.nf_conntrack_max=$(cat /run/doctor-max)
iptables -t raw -D PREROUTING -p tcp --dport 22 -j CT --notrack
iptables -t raw -D OUTPUT -p tcp --sport 22 -j CT --notrack`,
    },
    found: Object.fromEntries([WEB, DIRECT, TUNNEL, PAGE].map((service) => [service, ["connection-table-full"]])),
    says: {
      [WEB]: new RegExp(
        `^the table of tracked connections of ipvs is full \\(\\d+ of 1\\), so new connections to ${WEB} are dropped$`,
      ),
    },
  },
  "real servers that answer past the director, an instance in maintenance": {
    makes: {
      ipvs: "sysctl -w net.ipv4.vs.conntrack=0",
      d3: "consul maint -enable -service=page-8082 -reason=test",
    },
    ends: {
      ipvs: "sysctl -w net.ipv4.vs.conntrack=1",
      d3: "consul maint -disable -service=page-8082",
    },
    found: { [WEB]: ["asymmetric-return"], [PAGE]: ["job-unhealthy"] },
    says: {
      [WEB]: new RegExp(
        `^the real server 192\\.168\\.139\\.18[45]:80 answers vm-1 directly, not through ipvs, so vm-1 discards the answer and the entry of ${WEB} stays in SYN_RECV$`,
      ),
      [PAGE]: `no instance of page is healthy in Consul (1 registered), so ${PAGE} gets no real server`,
    },
  },
  // The first requests that a client repeats: two of the causes that only packets can tell apart.
  "packets of the client with a wrong checksum": {
    makes: { "vm-1": impair("dport 80", "corrupt 40%") },
    ends: { "vm-1": "tc qdisc del dev eth0 root" },
    found: { [WEB]: ["invalid-retracked"] },
    says: {
      [WEB]:
        /^ipvs takes a packet of vm-1 for INVALID \(.*\), and SNAT sends it on as a new connection: it came from port \d+ and left from \d+, so /,
    },
  },
  "packets that a real server loses": {
    makes: { d2: impair("sport 80", "loss 50%") },
    ends: { d2: "tc qdisc del dev eth0 root" },
    found: { [WEB]: ["packet-loss"] },
    says: {
      [WEB]: /^packets get lost inside d2, .* \(\d+ during a dozen requests to \S+\), and have to be sent again$/,
    },
  },
};

/** `vipstack doctor --json`: virtual service to its result. */
async function examinations(): Promise<Record<string, Examination>> {
  const { output } = await scene.vipstack(["doctor", "--json"]);
  return Object.fromEntries((JSON.parse(output) as Examination[]).map((one) => [one.service, one]));
}

/** Names of what is found. That a guest of a busy host stands still is no finding here. */
function namesOf(all: Record<string, Examination>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(all).map(([service, { findings }]) => [
      service,
      findings.map(({ name }) => name).filter((name) => name !== "machine-stands-still"),
    ]),
  );
}

const NOTHING = { [WEB]: [], [DIRECT]: [], [TUNNEL]: [], [PAGE]: [] };

/** Waits until nothing is wrong: the machines restore themselves within seconds. */
async function untilHealthy(): Promise<void> {
  await eventually(async () => {
    expect(namesOf(await examinations())).toEqual(NOTHING);
  }, 2 * MINUTES);
}

test(
  "nothing is found where nothing is wrong, and the exit code is 0",
  async () => {
    await untilHealthy();
    await eventually(async () => {
      const { exitCode, output } = await scene.vipstack(["doctor"]);
      expect(output).toMatch(/^✔ tcp 192\.168\.139\.101:8081 on ipvs: 8 of 8 requests of vm-1 were answered/m);
      expect(exitCode).toBe(0);
    });
  },
  4 * MINUTES,
);

test.each(Object.entries(ROUNDS))(
  "%s: found, and nothing else; afterwards nothing",
  async (_, { makes, ends, found, says, open = [] }) => {
    for (const [machine, script] of Object.entries(makes)) await scene.on(machine, script);
    try {
      await eventually(async () => {
        const all = await examinations();
        const names = namesOf(all);
        for (const service of open) names[service] = [];
        expect(names).toEqual({ ...NOTHING, ...found });
        for (const [service, text] of Object.entries(says)) {
          const [finding] = all[service]?.findings ?? [];
          expect(finding?.cause).toMatch(typeof text === "string" ? new RegExp(`^${literally(text)}$`) : text);
        }
      }, 2 * MINUTES);
    } finally {
      for (const [machine, script] of Object.entries(ends)) await scene.on(machine, script);
    }
    await untilHealthy();
  },
  6 * MINUTES,
);

test(
  "a frozen real server: as text, with evidence and cure, and exit code 1",
  async () => {
    await scene.lab("freeze", "d2");
    try {
      await eventually(async () => {
        const { exitCode, output } = await scene.vipstack(["doctor", "--deployment", "doctor"]);
        expect(exitCode).toBe(1);
        expect(output).toMatch(/^✖ tcp 192\.168\.139\.29:80 on ipvs: \d of 4 requests of vm-1 were answered/m);
        expect(output).toContain(
          `\n\n  Cause     d2 does not answer, so requests for ${WEB} that ipvs sends there get no answer [real-server-away]\n  Evidence  d2# login\n`,
        );
        expect(output).toMatch(/^ {2}Cure {6}npx vipstack lab power-on d2 --dir \S+ {3}\(.*thaw/m);
      }, 2 * MINUTES);
    } finally {
      await scene.lab("thaw", "d2");
    }
    await untilHealthy();
  },
  6 * MINUTES,
);

test(
  "a frozen director: named at each of its services, and nothing else",
  async () => {
    await scene.lab("freeze", "ipvs");
    try {
      await eventually(async () => {
        expect(namesOf(await examinations())).toEqual(
          Object.fromEntries(Object.keys(NOTHING).map((service) => [service, ["director-away"]])),
        );
      }, 2 * MINUTES);
    } finally {
      await scene.lab("thaw", "ipvs");
    }
    await untilHealthy();
  },
  6 * MINUTES,
);

test(
  "a director that stands still now and then: told apart from lost packets",
  async () => {
    const ends = new AbortController();
    const standing = (async () => {
      while (!ends.signal.aborted) {
        await scene.lab("freeze", "ipvs");
        await new Promise((resolve) => setTimeout(resolve, 400));
        await scene.lab("thaw", "ipvs");
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
    })();
    try {
      await eventually(async () => {
        const { [WEB]: web } = await examinations();
        expect(web?.findings.map(({ name }) => name)).toEqual(["machine-stands-still"]);
        expect(web?.findings[0]?.cause).toMatch(/^ipvs stood still for \d+ ms: /);
      }, 3 * MINUTES);
    } finally {
      ends.abort();
      await standing;
    }
    await untilHealthy();
  },
  6 * MINUTES,
);

function literally(text: string): string {
  return text.replaceAll(/[.[\]$^*+?(){}|\\/]/g, "\\$&");
}
