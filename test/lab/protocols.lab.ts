import { countLines, curlTimes, deployed, eventually, MINUTES } from "./support/deployment";

describe("persistence", () => {
  const sticky = deployed("persistence");

  test(
    "a client stays with its real server",
    async () => {
      expect(Object.values(countLines(await sticky.on("vm-1", curlTimes(10, "http://192.168.139.29:80/"))))).toEqual([
        10,
      ]);
    },
    2 * MINUTES,
  );

  test(
    "the director keeps a template of a minute for the client",
    async () => {
      expect(await sticky.on("ipvs", "ipvsadm -S -n")).toMatch(/-A -t 192\.168\.139\.29:80 -s rr -p 60/);
      expect(await sticky.on("ipvs", "ipvsadm -lnc --persistent-conn 2>/dev/null || ipvsadm -lnc")).toMatch(
        /192\.168\.139\.68:0/,
      );
    },
    MINUTES,
  );
});

describe("a firewall mark", () => {
  const mark = deployed("firewall-mark");

  test(
    "binds two ports into one service: a client meets the same real server on both",
    async () => {
      expect(await mark.on("director", "ipvsadm -S -n")).toMatch(/-A -f 1 -s rr -p 60/);
      const [first, second] = [80, 81].map((port) => curlTimes(5, `http://10.77.0.100:${port}/`));
      await eventually(async () => {
        expect(Object.values(countLines(await mark.on("client", `${first ?? ""}; ${second ?? ""}`)))).toEqual([10]);
      });
    },
    2 * MINUTES,
  );
});

describe("UDP", () => {
  const udp = deployed("udp");

  test(
    "one-packet scheduling spreads the queries of one socket, and each is answered from the VIP",
    async () => {
      const client = `python3 - <<'EOF'
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
client.connect(("10.77.0.53", 53))
for number in range(20):
    client.send(b"query")
    print(client.recv(100).decode())
EOF`;
      expect(countLines(await udp.on("client", client))).toEqual({ "dns1 query": 10, "dns2 query": 10 });
    },
    2 * MINUTES,
  );
});

describe("IPv6 masquerading", () => {
  const six = deployed("ipv6");

  test(
    "alternates between the two real servers",
    async () => {
      expect(countLines(await six.on("vm-1", curlTimes(10, "-g http://[fd00:139::29]:80/")))).toEqual({
        "d2:80": 5,
        "d2:81": 5,
      });
    },
    2 * MINUTES,
  );
});
