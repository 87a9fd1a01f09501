import { countLines, curlTimes } from "./support/answers";
import { deployed } from "./support/deployment";
import { eventually, MINUTES } from "./support/waiting";

const refusals = deployed("refusals");

interface Proof {
  readonly refusal: string;
  readonly refused: string;
  /** How curl ends: 7 is refused at once, 28 waits until its timeout. */
  readonly exitCode: number;
  readonly says: RegExp;
  /** What `ipvsadm -lnc` has on the director afterwards. */
  readonly entries: RegExp;
  readonly cured: string;
  readonly answer: string;
}

/** The director passed the connection on, and no answer came back through it. */
function stuck(vip: string, realServer: string): RegExp {
  return new RegExp(`SYN_RECV +10.77.0.10:\\d+ +${vip} +${realServer}`.replaceAll(".", "\\."));
}

const proofs: Proof[] = [
  {
    refusal: "direct-routing-other-port: the port stays 8080, where nothing listens",
    refused: "http://10.77.0.101:8080/",
    exitCode: 7,
    says: /Connection refused/,
    entries: stuck("10.77.0.101:8080", "10.77.0.31:8080"),
    cured: "http://10.77.0.201/",
    answer: "near",
  },
  {
    refusal: "tunneling-other-port: the port stays 8080, where nothing listens",
    refused: "http://10.77.0.102:8080/",
    exitCode: 7,
    says: /Connection refused/,
    entries: stuck("10.77.0.102:8080", "10.78.0.41:8080"),
    cured: "http://10.77.0.202/",
    answer: "far",
  },
  {
    refusal: "direct-routing-across-subnets: the router sends the packet back to the director, until its time is up",
    refused: "http://10.77.0.103/",
    exitCode: 7,
    says: /No route to host/,
    entries: stuck("10.77.0.103:80", "10.78.0.41:80"),
    cured: "http://10.77.0.203/",
    answer: "far",
  },
  {
    refusal: "gateway-out-of-reach: the real server answers past the director",
    refused: "http://10.77.0.104/",
    exitCode: 28,
    says: /timed out/,
    entries: stuck("10.77.0.104:80", "10.78.0.41:80"),
    cured: "http://10.77.0.204/",
    answer: "far",
  },
  {
    refusal: "vip-outside-subnets: the client's router knows no way to the VIP",
    refused: "http://10.99.0.105/",
    exitCode: 7,
    says: /Network is unreachable/,
    entries: /^(?![^]*10\.99\.0\.105)/, // it never came here
    cured: "http://10.77.0.205/",
    answer: "near",
  },
  {
    refusal: "vip-is-director-address: the real server doesn't answer the director's ARP",
    refused: "http://10.77.0.20/",
    exitCode: 7,
    says: /No route to host/,
    entries: stuck("10.77.0.20:80", "10.77.0.32:80"),
    cured: "http://10.77.0.206/",
    answer: "near",
  },
];

describe("what is refused fails, and its cure works", () => {
  test.each(proofs)("$refusal", async ({ refused, exitCode, says, entries, cured, answer }) => {
    const curl = await refusals.tryOn("client", `curl --silent --verbose --max-time 10 ${refused}`);
    expect(curl).toMatchObject({ exitCode, output: expect.stringMatching(says) as string });
    expect(await refusals.on("director", "ipvsadm -lnc")).toMatch(entries);
    expect(await refusals.answers("client", cured, 2)).toEqual({ [answer]: 2 });
  });

  test("vip-is-director-address: seen in the director's table of neighbours", async () => {
    await eventually(async () => {
      await refusals.tryOn("client", "curl --silent --max-time 10 http://10.77.0.20/");
      expect(await refusals.on("director", "ip neigh show 10.77.0.32")).toMatch(/FAILED|INCOMPLETE/);
    });
  });

  test("one-packet-masquerading: each query reaches the real server, no answer the client", async () => {
    const received = async (): Promise<number> =>
      Number(await refusals.on("near", "awk '/^Udp: [0-9]/ { print $2 }' /proc/net/snmp"));
    const before = await received();
    expect(await refusals.on("client", queries("10.77.0.107"))).toBe("TimeoutError\nTimeoutError");
    expect(await received()).toBeGreaterThanOrEqual(before + 2);
    expect(await refusals.on("client", queries("10.77.0.207"))).toBe("near query\nnear query");
  });
});

describe("what is refused fails by chance, and its cure never", () => {
  test("hashing-without-fallback: connections that hash to the real server of weight 0 are refused", async () => {
    const without = await refusals.on("client", curlTimes(20, "http://10.77.0.108/"));
    const kinds = without.split("\n").map((line) => line.replace(/^curl: \(7\).*/, "refused"));
    expect([...new Set(kinds)].sort()).toEqual(["far", "refused"]);
    expect(await refusals.answers("client", "http://10.77.0.212/", 20)).toEqual({ far: 20 });
  });

  test("shared-real-server: a connection hangs once its client has one from the same port through the other service", async () => {
    expect(await refusals.on("client", twoFromOnePort("10.77.0.205", "10.77.0.113"))).toBe(
      "near\nnear\nthe first one hangs",
    );
    expect(await refusals.on("client", twoFromOnePort("10.77.0.205", "10.77.0.213"))).toBe(
      "near\nnear:8443\nthe first one answers: near",
    );
  });

  test("vip-on-two-directors: two machines answer the question who has it", async () => {
    const answering = async (vip: string): Promise<number> => {
      const replies = await refusals.on("client", `arping -c 3 -w 5 -I eth0 ${vip} || true`);
      return new Set([...replies.matchAll(/\[([0-9A-F:]{17})\]/gi)].map(([, mac]) => mac?.toUpperCase())).size;
    };
    expect(await answering("10.77.0.109")).toBe(2);
    expect(await answering("10.77.0.212")).toBe(1);
  });
});

describe("what is not refused works", () => {
  test("an address of the director's own as the VIP of direct routing, where another one leads to the real server", async () => {
    expect(await refusals.answers("client", "http://10.79.0.20/", 2)).toEqual({ near: 2 });
  });

  test("a VIP outside of the director's subnets, once a route leads there", async () => {
    await refusals.on("client", "ip route add 10.99.0.105 via 10.77.0.20");
    expect(await refusals.answers("client", "http://10.99.0.105/", 2)).toEqual({ near: 2 });
    await refusals.on("client", "ip route delete 10.99.0.105");
  });

  test("the director as one of its real servers, by masquerading", async () => {
    expect(await refusals.answers("client", "http://10.77.0.208/", 4)).toEqual({
      director: 2,
      near: 2,
    });
  });
});

describe("what common configuration files have works", () => {
  test("port 0: every port of the VIP leads to the same port there, and one that nothing listens on is refused", async () => {
    const ask = [80, 8443].map((port) => curlTimes(1, `http://10.77.0.209:${port}/`)).join("\n");
    expect(await refusals.on("client", ask)).toBe("near\nnear:8443");
    const closed = await refusals.tryOn("client", "curl --silent --verbose --max-time 10 http://10.77.0.209:4242/");
    expect(closed).toMatchObject({ exitCode: 7, output: expect.stringContaining("Connection refused") as string });
  });

  test("three forwarding methods within one service: masquerading to the director itself, direct routing, tunneling", async () => {
    expect(await refusals.answers("client", "http://10.77.0.210/", 6)).toEqual({
      director: 2,
      near: 2,
      far: 2,
    });
    expect(await refusals.on("director", "ipvsadm -S -n")).toContain(`-A -t 10.77.0.210:80 -s rr
-a -t 10.77.0.210:80 -r 10.77.0.20:8090 -m -w 1
-a -t 10.77.0.210:80 -r 10.77.0.31:80 -g -w 1
-a -t 10.77.0.210:80 -r 10.78.0.41:80 -i -w 1`);
  });

  test("SCTP by masquerading with SNAT", async () => {
    const servers = { near: "10.77.0.31", far: "10.78.0.41" };
    for (const [name, address] of Object.entries(servers)) await refusals.on(name, sctpServer(name, address));
    expect(countLines(await refusals.on("client", SCTP_CLIENT))).toEqual({ near: 2, far: 2 });
    expect(await refusals.on("director", "/usr/local/lib/vipstack/ipvs-rules check")).toMatch(/nothing to change/);
    expect((await refusals.tryOn("director", "/usr/local/lib/vipstack/iptables-rules check")).exitCode).toBe(0);
  });
});

describe("what works manually, too", () => {
  withoutKeeper();

  test.each(["-g", "-i"])("the director as its real server, by %s", async (method) => {
    const service = "-t 10.77.0.208:8090";
    await byHand(`ipvsadm -A ${service}; ipvsadm -a ${service} -r 10.77.0.20:8090 ${method}`, async () => {
      const answers = await refusals.on("client", curlTimes(2, "http://10.77.0.208:8090/"));
      expect(countLines(answers)).toEqual({ director: 2 });
      // Who answers would have answered without IPVS, too: it listens on every address.
      expect(await refusals.on("director", "ipvsadm -lnc")).toMatch(/10\.77\.0\.208:8090 +10\.77\.0\.20:8090/);
    });
  });
});

describe("what can't be acknowledged fails manually, too", () => {
  withoutKeeper();
  const service = "-t 10.77.0.208:81";

  test.each([
    ["the same virtual service twice", `-A ${service}`, "Service already exists"],
    ["the same real server twice", `-a ${service} -r 10.77.0.31:80 -m`, "Destination already exists"],
    ["a negative weight", `-a ${service} -r 10.77.0.32:80 -m -w -1`, "illegal weight specified"],
    ["a weight that no kernel can hold", `-a ${service} -r 10.77.0.32:80 -m -w 2147483648`, "illegal weight specified"],
    ["an address that is none", "-A -t 10.77.0.300:80", "illegal virtual server address[:port] specified"],
    ["a port above 65535", "-A -t 10.77.0.208:70000", "illegal virtual server address[:port] specified"],
    [
      "a real server's port above 65535",
      `-a ${service} -r 10.77.0.32:70000 -m`,
      "illegal real server address[:port] specified",
    ],
    ["port 0", "-A -t 10.77.0.208:0", "Zero port specified for non-persistent service"],
    [
      "a lower threshold above the upper one",
      `-a ${service} -r 10.77.0.32:80 -m -x 5 -y 6`,
      "Numerical result out of range",
    ],
    ["persistence of 0 seconds", "-A -t 10.77.0.208:82 -p 0", "invalid timeout value `0' specified"],
    ["one packet of TCP", "-A -t 10.77.0.208:82 -o", "One-Packet Scheduling is only for UDP virtual services"],
    ["firewall mark 0", "-A -f 0", "invalid fwmark value `0' specified"],
  ])("%s", async (_, words, says) => {
    await byHand(`ipvsadm -A ${service}; ipvsadm -a ${service} -r 10.77.0.31:80 -m`, async () => {
      const table = await refusals.on("director", "ipvsadm -S -n");
      const { exitCode, output } = await refusals.tryOn("director", `ipvsadm ${words}`);
      expect(exitCode).not.toBe(0);
      expect(output).toContain(says);
      expect(await refusals.on("director", "ipvsadm -S -n")).toBe(table);
    });
  });

  test.each(["-g", "-i"])("ipvsadm silently changes the port with %s", async (method) => {
    await byHand(`ipvsadm -A ${service}; ipvsadm -a ${service} -r 10.77.0.31:80 ${method}`, async () => {
      expect(await refusals.on("director", "ipvsadm -S -n")).toContain(`-a ${service} -r 10.77.0.31:81 ${method}`);
    });
  });
});

/** The director's table is not restored during the tests of this block. */
function withoutKeeper(): void {
  const timer = "vipstack-ipvs-watch.service";
  beforeAll(() => refusals.on("director", `systemctl stop ${timer} vipstack-ipvs-keeper.service`), MINUTES);
  afterAll(() => refusals.on("director", `systemctl start ${timer}`), MINUTES);
}

/** Looks at the director's table with a change; then it is made again what it is meant to be. */
async function byHand(change: string, look: () => Promise<void>): Promise<void> {
  await refusals.on("director", change);
  try {
    await look();
  } finally {
    await refusals.on("director", "/usr/local/lib/vipstack/ipvs-rules apply --drain-seconds 0");
  }
}

/** A request to each address from one port of the client, and a second one on the first connection. */
function twoFromOnePort(first: string, second: string): string {
  return `python3 - <<'EOF'
import http.client
import socket

def connected(address: str, port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(address, 80, timeout=5)
    connection.sock = socket.socket()
    connection.sock.settimeout(5)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    connection.sock.bind(("", port))
    connection.sock.connect((address, 80))
    return connection

def ask(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/")
    return connection.getresponse().read().decode().strip()

first = connected("${first}", 0)
print(ask(first))
print(ask(connected("${second}", first.sock.getsockname()[1])))
try:
    print("the first one answers:", ask(first))
except TimeoutError:
    print("the first one hangs")
EOF`;
}

/** Two queries from one socket, an answer or an error a line. */
function queries(address: string): string {
  return `python3 - <<'EOF'
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(3)
client.connect(("${address}", 53))
for number in range(2):
    try:
        client.send(b"query")
        print(client.recv(100).decode())
    except OSError as error:
        print(type(error).__name__)
EOF`;
}

/**
 * Answers each association with its name. On every address it would offer its clients the VIPs on its lo, too, and what a slow
 * machine has to send again would go there, to other services of the director.
 */
function sctpServer(name: string, address: string): string {
  return `cat > /tmp/sctp.py <<'PROGRAM'
import socket
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
listener.bind(("${address}", 3868))
listener.listen()
while True:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"${name}")
        connection.recv(100)
PROGRAM
systemd-run --quiet --unit sctp python3 /tmp/sctp.py
for try in $(seq 50); do grep -q ' 3868 ' /proc/net/sctp/eps 2>/dev/null && exit; sleep 0.2; done
exit 1`;
}

/** Four associations, an answer a line. */
const SCTP_CLIENT = `python3 - <<'PROGRAM'
import socket
for number in range(4):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP) as client:
        # The kernel sends the first packet again after 3, 9, 21 and 45 s.
        client.settimeout(60)
        client.connect(("10.77.0.211", 3868))
        client.sendall(b"who")
        print(client.recv(100).decode())
PROGRAM`;
