import { countAnswers, requests } from "./support/answers";
import { deployed } from "./support/deployment";
import { BOOT, eventually, MINUTES, secondsSince, secondsUntil } from "./support/waiting";

const weights = deployed("weights");
const vip = "http://192.168.139.29:80/";
const table = async (): Promise<string> => (await weights.on("ipvs", "ipvsadm -S -n")).trim();

/** Adds a real server of direct routing on another port than its service, by netlink: ipvsadm itself refuses to. */
function otherPort(vip: string, port: number, server: string, serverPort: number): string {
  return `python3 - <<'PROGRAM'
import socket, struct
def attribute(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
def ask(family, command, attributes):
    body = struct.pack("BBH", command, 1, 0) + attributes
    link.send(struct.pack("IHHII", 16 + len(body), family, 5, 1, 0) + body)
    return link.recv(8192)
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
answer, family = ask(16, 3, attribute(2, b"IPVS\\0"))[20:], 0
while answer and not family:
    size, kind = struct.unpack_from("HH", answer)
    family = struct.unpack_from("H", answer, 4)[0] if kind == 1 else 0
    answer = answer[(size + 3) & ~3:]
def end(address, port, first):
    return attribute(first, socket.inet_aton(address).ljust(16, bytes(1))) + attribute(first + 1, struct.pack("!H", port))
service = attribute(1, struct.pack("H", 2)) + attribute(2, struct.pack("H", 6)) + end("${vip}", ${port}, 3)
numbers = [(3, 3), (4, 1), (5, 0), (6, 0)]  # direct routing, weight 1, no thresholds
server = end("${server}", ${serverPort}, 1) + b"".join(attribute(kind, struct.pack("I", value)) for kind, value in numbers)
done = ask(family, 5, attribute(1, service) + attribute(2, server + attribute(11, struct.pack("H", 2))))
assert struct.unpack_from("i", done, 16)[0] == 0
PROGRAM`;
}

test(
  "wrr spreads 100 connections exactly 50/30/20",
  async () => {
    expect(countAnswers(await weights.on("vm-1", requests(100, "192.168.139.29", 80)))).toEqual({
      "d2:80": 50,
      "d2:81": 30,
      "d2:82": 20,
    });
  },
  3 * MINUTES,
);

test("applying again changes nothing", async () => {
  const before = await table();
  expect(
    await weights.on("ipvs", "/usr/local/lib/vipstack/ipvs-rules apply && /usr/local/lib/vipstack/ipvs-rules check"),
  ).toMatch(/nothing to change/);
  expect(await table()).toBe(before);
});

test(
  "a new weight is pushed: the plan replaces one document, no machine",
  async () => {
    const boot = await weights.bootId("ipvs");
    expect(await weights.plan({ WEIGHTS: "1,1,8" })).toMatch(
      /\n {2}~ ipvs \/etc\/vipstack\/ipvs\.d\/static\.rules\n(?: {6}[-+] -a \S.* -w \d+\n){6}\n(?:.*\n)+.* up.* does it\.$/,
    );
    const started = Date.now();
    const printed = await weights.up({ WEIGHTS: "1,1,8" });
    const seconds = secondsSince(started);
    expect(printed).toMatch(/\n {6}\+ -a -t 192\.168\.139\.29:80 -r 192\.168\.139\.184:82 -m -w 8\n/);
    expect(await table()).toMatch(/:80 -m -w 1\n.*:81 -m -w 1\n.*:82 -m -w 8/);
    expect(await weights.bootId("ipvs")).toBe(boot);
    const log = weights.deployLog();
    expect(log).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
    expect(log).toMatch(/terraform_data\.ipvs_live \(ipvs\/live\): Creation complete/);
    console.log(`a weight change took ${seconds} s from the command to the report`);
  },
  BOOT,
);

test(
  "adding, re-weighting and draining a real server under load loses no connection, open or new",
  async () => {
    await weights.up({ WEIGHTS: "1,1", DRAIN: "900" });
    const early = await weights.startLoad("vm-1", { address: "192.168.139.29", port: 80, held: 100 });
    await weights.up({ WEIGHTS: "1,1,2", DRAIN: "900" });
    // These meet the new real server, too.
    const late = await weights.startLoad("d2", { address: "192.168.139.29", port: 80, held: 100 });
    await weights.up({ WEIGHTS: "3,1,2", DRAIN: "900" });
    await weights.up({ WEIGHTS: "3,1,", DRAIN: "900" });
    // Half of the late ones are held by :82, which takes no new one and keeps those until they end.
    await eventually(async () => {
      expect(await table()).toMatch(/:82 -m -w 0/);
    });
    const results = [await early.finish(), await late.finish()];
    for (const result of results) expect(result).toMatchObject({ held: 100, heldLost: 0, newFailed: [] });
    const answered = results.reduce((sum, { newAnswered }) => sum + newAnswered, 0);
    expect(answered).toBeGreaterThan(50);
    console.log(`under load: ${answered} new connections, 200 held, none lost`);
    await eventually(async () => {
      expect(await table()).not.toMatch(/:82/);
    }, 2 * MINUTES);
  },
  2 * BOOT,
);

test(
  "the deadline of a drain cuts what is still there",
  async () => {
    await weights.up({ WEIGHTS: ",,1", DRAIN: "15" });
    const load = await weights.startLoad("vm-1", { address: "192.168.139.29", port: 80, held: 5 });
    await weights.up({ WEIGHTS: "1,,", DRAIN: "15" });
    await eventually(async () => {
      expect(await table()).not.toMatch(/:82/);
    }, 2 * MINUTES);
    expect(await load.finish()).toMatchObject({ held: 5, heldLost: 5, newFailed: [] });
  },
  BOOT,
);

test("a rule folder with a bad line keeps the last good state; the error is in the exit code and in the journal", async () => {
  const before = await table();
  await weights.on(
    "ipvs",
    "echo '-a -t 192.168.139.29:80 -r 192.168.139.184:99999 -m -w 1' > /etc/vipstack/ipvs.d/zz-bad.rules",
  );
  const { exitCode, output } = await weights.tryOn("ipvs", "/usr/local/lib/vipstack/ipvs-rules apply");
  expect(exitCode).toBe(2);
  expect(output).toMatch(/zz-bad\.rules:1: .*99999/);
  expect((await weights.tryOn("ipvs", "systemctl reload vipstack-ipvs.service")).exitCode).not.toBe(0);
  expect(await weights.on("ipvs", "journalctl --no-pager --output cat --unit vipstack-ipvs.service")).toMatch(
    /zz-bad\.rules:1: /,
  );
  expect(await table()).toBe(before);
  // At a first boot nothing is known of that file, and the others are served.
  const first = "systemctl stop vipstack-ipvs.service; rm -r /var/lib/vipstack/last-good";
  expect((await weights.tryOn("ipvs", `${first}; systemctl start vipstack-ipvs.service`)).exitCode).not.toBe(0);
  expect(await table()).toBe(before);
  await weights.on("ipvs", "rm /etc/vipstack/ipvs.d/zz-bad.rules; systemctl start vipstack-ipvs.service");
});

test("a table emptied manually is restored; a quick look sees it, and finds nothing to do afterwards", async () => {
  const look = "/usr/local/lib/vipstack/ipvs-look";
  const before = await table();
  const nothingToDo = async (): Promise<void> => {
    expect((await weights.tryOn("ipvs", look)).exitCode).toBe(0);
  };
  await eventually(nothingToDo);
  expect((await weights.tryOn("ipvs", `ipvsadm -C; ${look}`)).exitCode).toBe(1);
  await eventually(async () => {
    expect(await table()).toBe(before);
  });
  await eventually(nothingToDo);
});

test(
  "SNAT rules that a hand flushed are back within seconds: no new connection is lost, and open ones go on",
  async () => {
    await weights.up({ WEIGHTS: "5,3,2", DRAIN: "15" });
    // A packet that met no rule is sent again after twice the time that went by.
    const load = await weights.startLoad("vm-1", {
      address: "192.168.139.29",
      port: 80,
      held: 10,
      patienceSeconds: 90,
    });
    for (const table of ["nat", "filter"]) await weights.on("ipvs", `iptables -t ${table} -F`);
    const took = await secondsUntil(async () => {
      expect(await weights.on("ipvs", "/usr/local/lib/vipstack/iptables-rules check")).toMatch(/nothing to change/);
    });
    await weights.on("vm-1", "sleep 3");
    const { heldLost, newFailed } = await load.finish();
    expect(heldLost).toBe(0);
    expect(newFailed).toEqual([]);
    console.log(`SNAT is true again after ${took} s`);
  },
  3 * MINUTES,
);

test("whatever others put into the table leaves, also what ipvsadm can't edit", async () => {
  const before = await table();
  await weights.on(
    "ipvs",
    `ipvsadm -A -t 10.9.0.1:1 -s none; ipvsadm -A -t 10.9.0.1:2 -s sh -b flag-3; ipvsadm -A -u 10.9.0.1:3 -s rr -o
ipvsadm -A -f 7 -6 -s rr -p 60 -M 64; ipvsadm -A --sctp-service 10.9.0.1:4 -s rr; ipvsadm -A -f 4294967295 -s rr
ipvsadm -A -t 10.9.0.1:6 -s wlc; ipvsadm -a -t 10.9.0.1:6 -r 10.9.1.1 -i --tun-type gue --tun-port 6080
${otherPort("192.168.139.29", 80, "192.168.139.184", 8080)}`,
  );
  // There as it was put, or drained already by a keeper that came in between.
  expect(await table()).toMatch(/-r 192\.168\.139\.184:8080 -(g -w 1|m -w 0)/);
  await eventually(async () => {
    expect(await table()).toBe(before);
  });
});

test(
  "nothing leaves before what comes to its place is there, no cut-off file is used, and a full disk is no success",
  async () => {
    const before = await table();
    const own = "/etc/vipstack/ipvs.d/own.rules";
    const rules = (server: string): string =>
      `printf -- '-A -t 192.168.139.29:99 -s rr\\n-a -t 192.168.139.29:99 -r ${server}:80 -m -w 1\\n' > ${own}`;
    const apply = "/usr/local/lib/vipstack/ipvs-rules apply";
    await weights.on("ipvs", `${rules("192.168.139.184")}; ${apply}`);
    // The kernel refuses the subnet's broadcast address.
    const broadcast = await weights.tryOn("ipvs", `${rules("192.168.139.255")}; ${apply}`);
    expect(broadcast.exitCode).toBe(1);
    expect(await table()).toMatch(/:99 -r 192\.168\.139\.184:80 -m -w 1/);
    const cut = await weights.tryOn("ipvs", `${rules("192.168.139.184")}; truncate --size=-12 ${own}; ${apply}`);
    expect(cut).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/own\.rules: the last line has no end/) as string,
    });
    expect(await table()).toMatch(/:99 -r 192\.168\.139\.184:80 -m -w 1/);
    const full = await weights.tryOn(
      "ipvs",
      `systemctl stop vipstack-ipvs-watch.service; rm ${own}
mount -t tmpfs -o size=4k tmpfs /run/vipstack; head -c 4096 /dev/zero > /run/vipstack/full
${apply}; code=$?; umount /run/vipstack; systemctl start vipstack-ipvs-watch.service; exit $code`,
    );
    expect(full.exitCode).toBe(1);
    expect(full.output).toMatch(/nothing leaves until deadlines can be kept/);
    expect(full.output).not.toMatch(/^(- |~ |drain )/m);
    await eventually(async () => {
      expect(await table()).toBe(before);
    });
  },
  3 * MINUTES,
);

test(
  "a hanging ipvsadm is named, and the next run goes on",
  async () => {
    const fake = "/usr/local/sbin/ipvsadm";
    await weights.on("ipvs", `printf '#!/bin/sh\\nsleep 600\\n' > ${fake}; chmod +x ${fake}`);
    expect((await weights.tryOn("ipvs", "systemctl reload vipstack-ipvs.service")).exitCode).not.toBe(0);
    await weights.on("ipvs", `rm ${fake}; systemctl reload vipstack-ipvs.service`);
    expect(await weights.on("ipvs", "journalctl --no-pager --output cat --unit vipstack-ipvs.service")).toMatch(
      /no answer within 20 s, given up: ipvsadm -S -n/,
    );
  },
  3 * MINUTES,
);

test.each([
  ["a clean reboot", "reboot"],
  ["a power cut", "power-cut"],
])(
  "after %s of the director its table and addresses are back without a hand",
  async (_, command) => {
    const before = await table();
    const boot = await weights.bootId("ipvs");
    await weights.lab(command, "ipvs");
    if (command === "power-cut") await weights.lab("power-on", "ipvs");
    await eventually(async () => {
      expect(await weights.bootId("ipvs")).not.toBe(boot);
    }, 5 * MINUTES);
    await eventually(async () => {
      expect(await table()).toBe(before);
    }, 2 * MINUTES);
    expect(
      await weights.on(
        "ipvs",
        "sysctl -n net.ipv4.ip_forward net.ipv4.conf.eth0.rp_filter net.ipv4.vs.conntrack net.ipv4.vs.expire_nodest_conn",
      ),
    ).toBe("1\n0\n1\n1");
    await eventually(async () => {
      expect(await weights.answers("vm-1", vip, 4)).not.toEqual({});
    });
    expect(Object.keys(await weights.answers("vm-1", vip, 4)).every((line) => line.startsWith("d2:"))).toBe(true);
  },
  BOOT,
);
