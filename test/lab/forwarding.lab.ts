import { curlTimes } from "./support/answers";
import { deployed } from "./support/deployment";
import { eventually, MINUTES } from "./support/waiting";

describe("masquerading, the director is the gateway", () => {
  const nat = deployed("nat-gateway");

  test("alternates, and the real servers see the client's address", async () => {
    expect(await nat.answers("client", "http://10.77.0.100:80/", 10)).toEqual({ web1: 5, web2: 5 });
    const seen = nat.on("web1", "timeout 20 tcpdump -lnni eth0 -c 1 'tcp dst port 8080' 2>/dev/null");
    await eventually(async () => {
      await nat.on("client", curlTimes(2, "http://10.77.0.100:80/"));
      await expectSettled(seen);
    });
    expect(await seen).toMatch(/IP 10\.77\.0\.10\.\d+ > 10\.77\.1\.31\.8080/);
  });

  test("the real servers' default route is the director", async () => {
    expect(await nat.on("web1", "ip route show default")).toMatch(/^default via 10\.77\.1\.20 dev eth0/);
  });
});

describe("direct routing", () => {
  const direct = deployed("direct-routing");

  test("alternates, and replies do not pass the director", async () => {
    expect(await direct.answers("client", "http://10.77.0.100:80/", 10)).toEqual({
      web1: 5,
      web2: 5,
    });
    const capture = direct.tryOn("director", "timeout 8 tcpdump -lnni eth0 'tcp port 80' 2>/dev/null");
    await direct.on("client", `sleep 4; ${curlTimes(2, "http://10.77.0.100:80/")}`);
    const { output } = await capture;
    expect(output).toMatch(/10\.77\.0\.10\.\d+ > 10\.77\.0\.100\.80: Flags \[S\]/);
    expect(output).not.toMatch(/10\.77\.0\.100\.80 > /);
  });

  test("only the director answers the question who has the VIP", async () => {
    const mac = (await direct.on("director", "cat /sys/class/net/eth0/address")).trim().toUpperCase();
    const replies = await direct.on("client", "arping -c 3 -w 5 -I eth0 10.77.0.100 || true");
    const answering = [...replies.matchAll(/\[([0-9A-F:]{17})\]/gi)].map(([, address]) => address?.toUpperCase());
    expect(answering.length).toBeGreaterThan(0);
    expect(new Set(answering)).toEqual(new Set([mac]));
  });

  test(
    "a real server has the VIP on lo and keeps quiet about it, also after a power cut",
    async () => {
      const state =
        "ip -o address show dev lo to 10.77.0.100; sysctl -n net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce";
      const expected = /10\.77\.0\.100\/32[^\n]*\n1\n2/;
      expect(await direct.on("web1", state)).toMatch(expected);
      await direct.lab("power-cut", "web1");
      await direct.lab("power-on", "web1");
      await eventually(async () => {
        expect(await direct.on("web1", state)).toMatch(expected);
      }, 3 * MINUTES);
      await eventually(async () => {
        expect(await direct.answers("client", "http://10.77.0.100:80/", 4)).toEqual({
          web1: 2,
          web2: 2,
        });
      }, 2 * MINUTES);
    },
    8 * MINUTES,
  );
});

describe("tunneling", () => {
  // The real servers' network carries less than the client's and the director's.
  const tunnel = deployed("tunneling", { MTU: "1450" });

  test("alternates across subnets; what the director sends is IPIP", async () => {
    expect(await tunnel.answers("client", "http://10.77.0.100:80/", 10)).toEqual({
      web1: 5,
      web2: 5,
    });
    const capture = tunnel.tryOn("director", "timeout 8 tcpdump -lnni eth0 'ip proto 4' 2>/dev/null");
    await tunnel.on("client", `sleep 4; ${curlTimes(2, "http://10.77.0.100:80/")}`);
    expect((await capture).output).toMatch(
      /IP 10\.77\.0\.20 > 10\.78\.0\.3[12]: IP 10\.77\.0\.10\.\d+ > 10\.77\.0\.100\.80/,
    );
  });

  test("the same in IPv6, and the outer packets come from the director's own address, not from the VIP", async () => {
    const vip = "http://[fd00:77::100]:80/";
    expect(await tunnel.answers("client", vip, 10)).toEqual({ web1: 5, web2: 5 });
    const capture = tunnel.tryOn("director", "timeout 8 tcpdump -lnni eth0 'ip6 proto 41' 2>/dev/null");
    await tunnel.on("client", `sleep 4; ${curlTimes(2, vip)}`);
    const { output } = await capture;
    expect(output).toMatch(/IP6 fd00:77::20 > fd00:78::3[12]: IP6 fd00:77::10\.\d+ > fd00:77::100\.80/);
    expect(output).not.toMatch(/IP6 fd00:77::100 > fd00:78::/);
  });

  test.each(["10.77.0.100", "[fd00:77::100]"])(
    "a big upload to %s goes through: the segment size leaves room for the tunnel's header",
    async (vip) => {
      expect(
        await tunnel.on(
          "client",
          `head -c 2000000 /dev/zero | curl --silent --max-time 60 --data-binary @- http://${vip}:80/`,
        ),
      ).toMatch(/^web[12]$/);
    },
  );

  test(
    "the segment size follows the MTU: big requests and answers go through where 'too big' messages get lost",
    async () => {
      for (const web of ["web1", "web2"]) expect(await tunnel.on(web, "cat /sys/class/net/eth0/mtu")).toBe("1450");
      const deaf = [
        "iptables -I OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP",
        "ip6tables -I OUTPUT -p icmpv6 --icmpv6-type packet-too-big -j DROP",
        "iptables -I INPUT -p icmp --icmp-type fragmentation-needed -j DROP",
        "ip6tables -I INPUT -p icmpv6 --icmpv6-type packet-too-big -j DROP",
      ];
      await tunnel.on("director", deaf.join("\n"));
      for (const web of ["web1", "web2"]) await tunnel.on(web, ECHO);
      for (const [vip, synAck, segment] of [
        ["10.77.0.100", "tcp[13] = 18", 1390],
        ["[fd00:77::100]", "ip6[53] = 18", 1350],
      ] as const) {
        const capture = tunnel.tryOn(
          "client",
          `timeout 20 tcpdump -lnni eth0 -c 1 'src port 80 and ${synAck}' 2>/dev/null`,
        );
        const big = `sleep 3
          head -c 2000000 /dev/urandom > /tmp/big
          curl --silent --show-error --max-time 60 --data-binary @/tmp/big http://${vip}/ | cmp - /tmp/big && echo same`;
        expect(await tunnel.on("client", big)).toBe("same");
        expect((await capture).output).toContain(`mss ${segment},`);
      }
    },
    4 * MINUTES,
  );
});

async function expectSettled(promise: Promise<unknown>): Promise<void> {
  const pending = Symbol("pending");
  const first = await Promise.race([
    promise,
    new Promise((resolve) =>
      setTimeout(() => {
        resolve(pending);
      }, 100),
    ),
  ]);
  expect(first).not.toBe(pending);
}

/** A web server in Caddy's place that answers with what it got. */
const ECHO = `systemctl stop caddy
cat > /tmp/echo.py <<'PROGRAM'
import http.server, socket
class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
Server(("::", 80), Echo).serve_forever()
PROGRAM
systemd-run --quiet --unit echo python3 /tmp/echo.py
for try in $(seq 50); do ss -Htln 'sport = :80' | grep -q . && exit; sleep 0.2; done
exit 1`;
