import { Growth } from "./support/growth";
import { BOOT, MINUTES } from "./support/waiting";

// A machine with a real server comes while clients go on: of a director of each plane, and of a service that follows Consul.
// growth.long.ts does it three times, makes a machine anew, and lets one leave.

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
