import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deployed } from "./support/deployment";
import { answeredOf, lossOf } from "./support/load";
import { eventually, MINUTES } from "./support/waiting";

// A director whose rules change all the time, while clients ask.

const scene = deployed("weights");
const PROGRAM = readFileSync(join(__dirname, "support", "random-changes.py"), "utf8");
const [CHANGES, BATCH] = [1000, 50];

test(
  "1,000 changes of a director by chance, and not one request of its clients is lost",
  async () => {
    const first = await scene.on("ipvs", "cat /etc/vipstack/ipvs.d/static.rules");
    await scene.on("ipvs", `cat > /run/random-changes.py <<'PROGRAM'\n${PROGRAM}\nPROGRAM`);
    const seed = Math.floor(Math.random() * 1e6);
    console.log(`random-changes.py begins with seed ${seed}`);
    const requests = await scene.startRequests("vm-1", { address: "192.168.139.29", port: 80, clients: 6 });
    for (let done = 0; done < CHANGES; done += BATCH) {
      const made = await scene.on("ipvs", `python3 /run/random-changes.py ${BATCH} ${seed + done} '${first}'`);
      console.log(`after ${done + BATCH} changes: ${made.trim()}`);
    }
    const result = await requests.finish();
    console.log(`${CHANGES} changes: ${lossOf(result)}`);
    expect(result.failures).toEqual([]);
    expect(answeredOf(result)).toBeGreaterThan(2000);
  },
  60 * MINUTES,
);

test("once what drains is gone, the table is what the file says", async () => {
  await eventually(async () => {
    const said = await scene.on("ipvs", "/usr/local/lib/vipstack/ipvs-rules apply");
    expect(said).toMatch(/^1 virtual services, \d real servers: nothing to change$/m);
  });
});
