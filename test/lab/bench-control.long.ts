import { measureOn } from "../../scripts/bench/control";
import { PLANES, TASKS } from "../../scripts/bench/control-candidates";
import { Progress } from "../../scripts/bench/progress";
import { deployed } from "./support/deployment";
import { eventually, MINUTES } from "./support/waiting";

// `bench control` on a director that has rules of its own.

const weights = deployed("weights");
const table = async (): Promise<string> => (await weights.on("ipvs", "ipvsadm -S -n")).trim();

test(
  "each task is measured, and the director is left as it was",
  async () => {
    const before = await table();
    const options = { servers: [3], planes: PLANES, runs: 1, seconds: 1, withoutKeepalived: true } as const;
    const runs = await measureOn(weights.labDirectory, "ipvs", options, new Progress());
    expect(runs).toHaveLength(PLANES.length * Object.keys(TASKS).length * 2);
    for (const { milliseconds, cpuMilliseconds } of runs) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(cpuMilliseconds).toBeGreaterThanOrEqual(0);
    }
    expect(await table()).toBe(before);
    await weights.on(
      "ipvs",
      "cd /usr/local/lib/vipstack; ./ipvs-rules check; ./iptables-rules check; ! test -e /run/vipstack-bench",
    );
    await eventually(async () => {
      expect(await weights.answers("vm-1", "http://192.168.139.29:80/", 1)).not.toEqual({});
    });
  },
  5 * MINUTES,
);
