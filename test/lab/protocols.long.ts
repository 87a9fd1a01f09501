import { countLines, curlTimes } from "./support/answers";
import { deployed } from "./support/deployment";
import { eventually } from "./support/waiting";

describe("a firewall mark", () => {
  const mark = deployed("firewall-mark");

  test("binds two ports into one service: a client meets the same real server on both", async () => {
    expect(await mark.on("director", "ipvsadm -S -n")).toMatch(/-A -f 1 -s rr -p 60/);
    const [first, second] = [80, 81].map((port) => curlTimes(5, `http://10.77.0.100:${port}/`));
    await eventually(async () => {
      expect(Object.values(countLines(await mark.on("client", `${first ?? ""}; ${second ?? ""}`)))).toEqual([10]);
    });
  });
});

describe("UDP", () => {
  const udp = deployed("udp");

  test("one-packet scheduling spreads the queries of one socket, and each is answered from the VIP", async () => {
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
  });
});
