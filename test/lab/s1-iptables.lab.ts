import { countAnswers, countLines, curlTimes, requests } from "./support/answers";
import { LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES, secondsUntil } from "./support/waiting";

const s1 = new LabDeployment("s1-iptables");
const vip = "http://10.192.0.65:8080/";
const ours = "iptables-save | grep VIPSTACK | sed 's/\\[[0-9:]*\\]//'";

beforeAll(() => s1.up(), BOOT);
afterAll(() => s1.down(), BOOT);

test("connections alternate exactly with nth", async () => {
  const answers = (await s1.on("client", curlTimes(20, vip))).split("\n");
  expect(countLines(answers.join("\n"))).toEqual({ web1: 10, web2: 10 });
  for (const [index, answer] of answers.slice(1).entries()) expect(answer).not.toBe(answers[index]);
});

test("it is connections, not packets, that alternate: ten requests on one connection stay together", async () => {
  const urls = Array.from({ length: 10 }, () => vip).join(" ");
  expect(Object.values(countLines(await s1.on("client", `curl --silent --max-time 20 ${urls}`)))).toEqual([10]);
});

test("only balanced flows are rewritten: the real server sees the VIP for those and the client for others", async () => {
  const watch = s1.tryOn(
    "web1",
    "timeout 15 tcpdump -lnni eth0 'tcp[tcpflags] & tcp-syn != 0 and dst port 8080' 2>/dev/null",
  );
  await s1.on("client", `sleep 4; ${curlTimes(2, vip)}; curl --silent http://10.1.160.14:8080/`);
  const { output } = await watch;
  expect(output).toMatch(/IP 10\.192\.0\.65\.\d+ > 10\.1\.160\.14\.8080/);
  expect(output).toMatch(/IP 10\.192\.0\.70\.\d+ > 10\.1\.160\.14\.8080/);
});

test("port 80 is redirected to one of the local ports 8001 and 8002", async () => {
  const answers = countAnswers(await s1.on("client", requests(40, "10.192.0.65", 80)));
  expect(Object.keys(answers).sort()).toEqual(["local 8001", "local 8002"]);
});

test("the filtered ports are dropped, their neighbours answered", async () => {
  const probe = (port: number): string =>
    `code=0; timeout 3 bash -c '</dev/tcp/10.192.0.65/${port}' 2>/dev/null || code=$?; echo ${port} $code`;
  const ports = [20, 21, 25, 26, 134, 135, 139, 140];
  const codes = await s1.on("client", ports.map(probe).join("\n"));
  // 124: no answer at all within the time; 1: refused at once
  expect(codes.split("\n")).toEqual(["20 1", "21 124", "25 124", "26 1", "134 1", "135 124", "139 124", "140 1"]);
});

test("foreign rules stay as they are; ours are loaded once, however often they are applied", async () => {
  await s1.on(
    "director",
    "iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j ACCEPT; iptables -N FOREIGN; iptables -A FOREIGN -j RETURN",
  );
  const before = await s1.on("director", "iptables-save | grep -v '^[#:]' | sed 's/\\[[0-9:]*\\]//'");
  await s1.on("director", "/usr/local/lib/vipstack/iptables-rules apply; systemctl reload vipstack-iptables.service");
  expect(await s1.on("director", "iptables-save | grep -v '^[#:]' | sed 's/\\[[0-9:]*\\]//'")).toBe(before);
  expect(before).toMatch(/203\.0\.113\.0\/24/);
});

test(
  "our rules that a hand took away are back within seconds, others' stay as they are; looking costs next to nothing",
  async () => {
    await s1.on(
      "director",
      "iptables -t nat -A PREROUTING -m comment --comment ' -j VIPSTACK-PREROUTING' -s 203.0.113.9 -j RETURN",
    );
    const before = await s1.on("director", ours);
    for (const hand of [
      "iptables -t nat -F PREROUTING; iptables -F VIPSTACK-INPUT; iptables -F FORWARD",
      "iptables -t nat -D PREROUTING -j VIPSTACK-PREROUTING",
      "iptables -t nat -F VIPSTACK-PREROUTING; iptables -D VIPSTACK-FORWARD 1",
      "iptables -F; iptables -X VIPSTACK-INPUT; iptables -X VIPSTACK-FORWARD",
    ]) {
      await s1.on("director", `${hand}; iptables -t nat -C POSTROUTING -s 203.0.113.0/24 -j ACCEPT`);
      const took = await secondsUntil(async () => {
        expect((await s1.tryOn("director", "/usr/local/lib/vipstack/iptables-rules check")).exitCode).toBe(0);
      }, MINUTES);
      console.log(`${hand}: true again after ${took} s`);
    }
    expect(await s1.answers("client", vip, 4)).toEqual({ web1: 2, web2: 2 });
    const sorted = (text: string): string[] =>
      text
        .split("\n")
        .filter((line) => !line.includes("203.0.113.9"))
        .sort();
    expect(sorted(await s1.on("director", ours))).toEqual(sorted(before));
    expect(await s1.on("director", "iptables -S FOREIGN")).toMatch(/^-N FOREIGN$/m);
    const time = await s1.tryOn("director", "bash -c 'time /usr/local/lib/vipstack/iptables-look'");
    expect(time.exitCode).toBe(0);
    console.log(`a look that finds all well: ${time.output.trim().replace(/\s+/g, " ")}`);
  },
  5 * MINUTES,
);

test(
  "a UDP client that keeps sending reaches a current real server within seconds; no other flow is ended",
  async () => {
    const echo = (word: string): string => `cat > /tmp/echo.py <<'PROGRAM'
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 5353))
while True:
    server.sendto(b"${word}", server.recvfrom(99)[1])
PROGRAM
systemd-run --quiet --unit=echo python3 /tmp/echo.py`;
    for (const name of ["web1", "web2", "director"]) await s1.on(name, echo(name));
    // From one socket each: to the virtual service, and past it to a real server.
    const sender = (name: string, address: string): string => `cat > /tmp/${name}.py <<'PROGRAM'
import socket, time
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(0.5)
client.connect(("${address}", 5353))
while True:
    try:
        client.send(b"query")
        answer = client.recv(99).decode()
    except OSError as problem:
        answer = type(problem).__name__
    open("/tmp/${name}.answer", "w").write(answer)
    time.sleep(0.2)
PROGRAM
systemd-run --quiet --unit=${name} python3 /tmp/${name}.py`;
    await s1.on("client", `${sender("past", "10.1.160.14")}\n${sender("early", "10.192.0.65")}`);
    const answer = async (name: string, expected: string): Promise<number> =>
      secondsUntil(async () => {
        expect(await s1.on("client", `cat /tmp/${name}.answer`)).toBe(expected);
      }, MINUTES);
    const rules = async (port: number, server: string): Promise<string> =>
      s1.on(
        "director",
        `cat > /tmp/udp.v4 <<'RULES'
*nat
:VIPSTACK-own - [0:0]
:VIPSTACK-own-snat - [0:0]
-A PREROUTING -j VIPSTACK-own
-A POSTROUTING -j VIPSTACK-own-snat
-A VIPSTACK-own -d 10.192.0.65/32 -p udp -m udp --dport ${port} -j DNAT --to-destination ${server}:5353
-A VIPSTACK-own-snat -p udp -m conntrack --ctstate DNAT --ctorigdst 10.192.0.65 --ctorigdstport ${port} -j SNAT --to-source 10.192.0.65
COMMIT
RULES
mv /tmp/udp.v4 /etc/vipstack/iptables.d/udp.v4; systemctl reload vipstack-iptables.service`,
      );
    await answer("early", "director"); // local before there is a virtual service
    await rules(5353, "10.1.160.14");
    const times = [await answer("early", "web1")];
    const kept = "conntrack -L -p udp --orig-dst 10.192.0.65 --orig-port-dst 5353 2>/dev/null | wc -l";
    await rules(5353, "10.1.160.15");
    times.push(await answer("early", "web2"));
    expect(await s1.on("director", kept)).toBe("1");
    // What begins while a hand has the rules away.
    await s1.on("director", "systemctl stop vipstack-iptables-watch.service; iptables -t nat -F");
    await s1.on("client", sender("late", "10.192.0.65"));
    await answer("late", "director");
    await s1.on("director", "systemctl start vipstack-iptables-watch.service");
    times.push(await answer("late", "web2"));
    await rules(5354, "10.1.160.15");
    times.push(await answer("early", "director"));
    await answer("past", "web1");
    console.log(`a flow that keeps sending changed after ${times.join(", ")} s`);
    await s1.on("director", "rm /etc/vipstack/iptables.d/udp.v4; systemctl reload vipstack-iptables.service");
    await s1.on("client", "systemctl stop early late past");
    for (const name of ["web1", "web2", "director"]) await s1.on(name, "systemctl stop echo");
  },
  5 * MINUTES,
);

test("a wrong file at a first boot keeps no other file's rules away", async () => {
  const before = await s1.on("director", ours);
  const { exitCode } = await s1.tryOn(
    "director",
    `systemctl stop vipstack-iptables.service; rm -rf /var/lib/vipstack/last-good
printf '*filter\\n:VIPSTACK-a - [0:0]\\n-A VIPSTACK-a -j NOWHERE\\nCOMMIT\\n' > /etc/vipstack/iptables.d/aa.v4
systemctl start vipstack-iptables.service`,
  );
  expect(exitCode).not.toBe(0);
  expect(await s1.on("director", "journalctl --no-pager --output cat --unit vipstack-iptables.service")).toMatch(
    /aa\.v4: refused; nothing of this file is used/,
  );
  expect(await s1.answers("client", vip, 4)).toEqual({ web1: 2, web2: 2 });
  await s1.on("director", "rm /etc/vipstack/iptables.d/aa.v4; systemctl restart vipstack-iptables.service");
  expect((await s1.on("director", ours)).split("\n").sort()).toEqual(before.split("\n").sort());
});

test(
  "after a reboot the rules are back, without the distribution's save files",
  async () => {
    const before = await s1.on("director", ours);
    const boot = await s1.bootId("director");
    expect(await s1.on("director", "ls /etc/iptables /etc/sysconfig/iptables 2>/dev/null || true")).toBe("");
    await s1.lab("reboot", "director");
    await eventually(async () => {
      expect(await s1.bootId("director")).not.toBe(boot);
    }, 5 * MINUTES);
    await eventually(async () => {
      expect(await s1.on("director", ours)).toBe(before);
    }, 2 * MINUTES);
    await eventually(async () => {
      expect(await s1.answers("client", vip, 4)).toEqual({ web1: 2, web2: 2 });
    }, MINUTES);
  },
  BOOT,
);

test(
  "with random, each of 2,000 connections goes to either real server with the same probability",
  async () => {
    await s1.up({ MODE: "random" });
    const counts = countAnswers(await s1.on("client", requests(2000, "10.192.0.65", 8080)));
    const [web1 = 0, web2 = 0] = [counts.web1, counts.web2];
    expect(web1 + web2).toBe(2000);
    const chiSquare = ((web1 - 1000) ** 2 + (web2 - 1000) ** 2) / 1000;
    console.log(`random: ${web1} to web1, ${web2} to web2, chi-square ${chiSquare.toFixed(2)} (bound 23.93)`);
    // Chance alone exceeds it once in a million runs. Halves of 44 and 56 % do in the mean.
    expect(chiSquare).toBeLessThan(23.93);
  },
  BOOT,
);
