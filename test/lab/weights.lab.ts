import { answersOf, BOOT, countLines, curlTimes, deployed, eventually, MINUTES, requests } from "./support/deployment";

const weights = deployed("weights");
const vip = "http://192.168.139.29:80/";
const table = async (): Promise<string> => (await weights.on("ipvs", "ipvsadm -S -n")).trim();
const boots = async (): Promise<string> => weights.on("ipvs", "cat /proc/sys/kernel/random/boot_id");

test(
  "wrr spreads 100 connections exactly 50/30/20",
  async () => {
    expect(countLines(answersOf(await weights.on("vm-1", requests(100, "192.168.139.29", 80))).join("\n"))).toEqual({
      "d2:80": 50,
      "d2:81": 30,
      "d2:82": 20,
    });
  },
  3 * MINUTES,
);

test(
  "applying again changes nothing",
  async () => {
    const before = await table();
    expect(
      await weights.on("ipvs", "/usr/local/lib/vipstack/ipvs-rules apply && /usr/local/lib/vipstack/ipvs-rules check"),
    ).toMatch(/nothing to change/);
    expect(await table()).toBe(before);
  },
  MINUTES,
);

test(
  "a new weight is pushed: the plan replaces one document, no machine",
  async () => {
    const boot = await boots();
    const started = Date.now();
    await weights.up({ WEIGHTS: "1,1,8" });
    const seconds = (Date.now() - started) / 1000;
    expect(await table()).toMatch(/:80 -m -w 1\n.*:81 -m -w 1\n.*:82 -m -w 8/);
    expect(await boots()).toBe(boot);
    const log = weights.deployLog();
    expect(log).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
    expect(log).toMatch(/terraform_data\.ipvs_live \(ipvs\/live\): Creation complete/);
    console.log(`a weight change took ${seconds.toFixed(0)} s from the command to the report`);
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

test(
  "a rule folder with a bad line keeps the last good state; the error is in the exit code and in the journal",
  async () => {
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
    await weights.on("ipvs", "rm /etc/vipstack/ipvs.d/zz-bad.rules; systemctl reload vipstack-ipvs.service");
  },
  MINUTES,
);

test(
  "a table emptied by hand is healed",
  async () => {
    const before = await table();
    await weights.on("ipvs", "ipvsadm -C");
    await eventually(async () => {
      expect(await table()).toBe(before);
    });
  },
  2 * MINUTES,
);

test.each([
  ["a clean reboot", "reboot"],
  ["a power cut", "power-cut"],
])(
  "after %s of the director its table and addresses are back without a hand",
  async (_, command) => {
    const before = await table();
    const boot = await boots();
    await weights.lab(command, "ipvs");
    if (command === "power-cut") await weights.lab("power-on", "ipvs");
    await eventually(async () => {
      expect(await boots()).not.toBe(boot);
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
      expect(countLines(await weights.on("vm-1", curlTimes(4, vip)))).not.toEqual({});
    });
    expect(
      Object.keys(countLines(await weights.on("vm-1", curlTimes(4, vip)))).every((line) => line.startsWith("d2:")),
    ).toBe(true);
  },
  BOOT,
);
