import {
  answersOf,
  BOOT,
  countLines,
  curlTimes,
  eventually,
  LabDeployment,
  MINUTES,
  requests,
} from "./support/deployment";

const s1 = new LabDeployment("s1-iptables");
const vip = "http://10.192.0.65:8080/";
const ours = "iptables-save | grep VIPSTACK | sed 's/\\[[0-9:]*\\]//'";

beforeAll(() => s1.up(), BOOT);
afterAll(() => s1.down(), BOOT);

test(
  "connections alternate exactly with nth",
  async () => {
    const answers = (await s1.on("client", curlTimes(20, vip))).split("\n");
    expect(countLines(answers.join("\n"))).toEqual({ web1: 10, web2: 10 });
    for (const [index, answer] of answers.slice(1).entries()) expect(answer).not.toBe(answers[index]);
  },
  2 * MINUTES,
);

test(
  "it is connections, not packets, that alternate: ten requests on one connection stay together",
  async () => {
    const urls = Array.from({ length: 10 }, () => vip).join(" ");
    expect(Object.values(countLines(await s1.on("client", `curl --silent --max-time 20 ${urls}`)))).toEqual([10]);
  },
  MINUTES,
);

test(
  "only balanced flows are rewritten: the real server sees the VIP for those and the client for others",
  async () => {
    const watch = s1.tryOn(
      "web1",
      "timeout 15 tcpdump -lnni eth0 'tcp[tcpflags] & tcp-syn != 0 and dst port 8080' 2>/dev/null",
    );
    await s1.on("client", `sleep 4; ${curlTimes(2, vip)}; curl --silent http://10.1.160.14:8080/`);
    const { output } = await watch;
    expect(output).toMatch(/IP 10\.192\.0\.65\.\d+ > 10\.1\.160\.14\.8080/);
    expect(output).toMatch(/IP 10\.192\.0\.70\.\d+ > 10\.1\.160\.14\.8080/);
  },
  MINUTES,
);

test(
  "port 80 is redirected to one of the local ports 8001 and 8002",
  async () => {
    const answers = countLines(answersOf(await s1.on("client", requests(40, "10.192.0.65", 80))).join("\n"));
    expect(Object.keys(answers).sort()).toEqual(["local 8001", "local 8002"]);
  },
  2 * MINUTES,
);

test(
  "the filtered ports are dropped, their neighbours answered",
  async () => {
    const probe = (port: number): string =>
      `code=0; timeout 3 bash -c '</dev/tcp/10.192.0.65/${port}' 2>/dev/null || code=$?; echo ${port} $code`;
    const ports = [20, 21, 25, 26, 134, 135, 139, 140];
    const codes = await s1.on("client", ports.map(probe).join("\n"));
    // 124: no answer at all within the time; 1: refused at once
    expect(codes.split("\n")).toEqual(["20 1", "21 124", "25 124", "26 1", "134 1", "135 124", "139 124", "140 1"]);
  },
  MINUTES,
);

test(
  "foreign rules stay as they are; ours are loaded once, however often they are applied",
  async () => {
    await s1.on(
      "director",
      "iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j ACCEPT; iptables -N FOREIGN; iptables -A FOREIGN -j RETURN",
    );
    const before = await s1.on("director", "iptables-save | grep -v '^[#:]' | sed 's/\\[[0-9:]*\\]//'");
    await s1.on("director", "/usr/local/lib/vipstack/iptables-rules apply; systemctl reload vipstack-iptables.service");
    expect(await s1.on("director", "iptables-save | grep -v '^[#:]' | sed 's/\\[[0-9:]*\\]//'")).toBe(before);
    expect(before).toMatch(/203\.0\.113\.0\/24/);
  },
  MINUTES,
);

test(
  "after a reboot the rules are back, without the distribution's save files",
  async () => {
    const before = await s1.on("director", ours);
    const boot = await s1.on("director", "cat /proc/sys/kernel/random/boot_id");
    expect(await s1.on("director", "ls /etc/iptables /etc/sysconfig/iptables 2>/dev/null || true")).toBe("");
    await s1.lab("reboot", "director");
    await eventually(async () => {
      expect(await s1.on("director", "cat /proc/sys/kernel/random/boot_id")).not.toBe(boot);
    }, 5 * MINUTES);
    await eventually(async () => {
      expect(await s1.on("director", ours)).toBe(before);
    }, 2 * MINUTES);
    await eventually(async () => {
      expect(countLines(await s1.on("client", curlTimes(4, vip)))).toEqual({ web1: 2, web2: 2 });
    }, MINUTES);
  },
  BOOT,
);

test(
  "with random, 200 connections lie within a 99.9 % chi-square bound of one half each",
  async () => {
    await s1.up({ MODE: "random" });
    const counts = countLines(answersOf(await s1.on("client", requests(200, "10.192.0.65", 8080))).join("\n"));
    const [web1 = 0, web2 = 0] = [counts.web1, counts.web2];
    expect(web1 + web2).toBe(200);
    const chiSquare = ((web1 - 100) ** 2 + (web2 - 100) ** 2) / 100;
    console.log(`random: ${web1} to web1, ${web2} to web2, chi-square ${chiSquare.toFixed(2)} (bound 10.83)`);
    expect(chiSquare).toBeLessThan(10.83);
  },
  BOOT,
);
