import { Growth } from "./support/growth";
import { runsOf } from "./support/long";
import { BOOT, MINUTES } from "./support/waiting";

// Machines with real servers come, are made anew and leave, three times, while clients go on.

const growth = new Growth();
const { lab } = growth;

beforeAll(async () => {
  await lab.up({ WEB_SERVERS: "2", EDITION: "0" });
}, BOOT);

afterAll(async () => {
  await lab.down();
}, BOOT);

describe.each(runsOf(3))("run %i", (run) => {
  test(
    "a third web server gets its first connection once it answers: none is lost, none waits",
    async () => {
      await growth.underLoad({ WEB_SERVERS: "3", EDITION: `${run - 1}` }, ["web1", "web2", "web3"]);
      expect(await growth.answering()).toEqual(Growth.everywhere("web1", "web2", "web3"));
    },
    8 * MINUTES,
  );

  test(
    "a machine that is made anew is drained before, and gets connections again afterwards",
    async () => {
      const before = await lab.bootId("web2");
      await growth.underLoad({ WEB_SERVERS: "3", EDITION: `${run}` }, ["web1", "web2", "web3"]);
      expect(await lab.bootId("web2")).not.toBe(before);
      expect(await growth.answering()).toEqual(Growth.everywhere("web1", "web2", "web3"));
    },
    8 * MINUTES,
  );

  test(
    "a machine that leaves is drained before it goes",
    async () => {
      await growth.underLoad({ WEB_SERVERS: "2", EDITION: `${run}` }, ["web1", "web2", "web3"]);
      expect(await growth.answering()).toEqual(Growth.everywhere("web1", "web2"));
      const machines = await lab.lab("status");
      expect(machines).toContain("web2");
      expect(machines).not.toContain("web3");
      // It may come back with the same address.
      expect(await lab.on("ipvs", "ls /var/lib/vipstack/absent")).toBe("");
      expect(await lab.on("iptables", "ls /var/lib/vipstack/absent")).toBe("");
    },
    8 * MINUTES,
  );
});
