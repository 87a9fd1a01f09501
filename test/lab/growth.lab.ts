import { Growth } from "./support/growth";
import { BOOT, MINUTES } from "./support/waiting";

// A machine with a real server comes and leaves, while clients go on: of a director of each plane, and of a service that follows
// Consul. growth.long.ts does it three times, and makes a machine anew, too.

const growth = new Growth();
const { lab } = growth;

beforeAll(async () => {
  await lab.up({ WEB_SERVERS: "2" });
}, BOOT);

afterAll(async () => {
  await lab.down();
}, BOOT);

test(
  "a third web server gets its first connection once it answers: none is lost, none waits",
  async () => {
    await growth.underLoad({ WEB_SERVERS: "3" }, ["web1", "web2", "web3"]);
    expect(await growth.answering()).toEqual(Growth.everywhere("web1", "web2", "web3"));
  },
  8 * MINUTES,
);

test(
  "a machine that leaves is drained before it goes",
  async () => {
    await growth.underLoad({ WEB_SERVERS: "2" }, ["web1", "web2", "web3"]);
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
