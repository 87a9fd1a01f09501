import { Budget, Fault, FaultScene, NONE, beyond, isWhole, requestsDuring } from "./support/fault-scene";
import { APISIX, describeWithImage } from "./support/images";
import * as faults from "./support/production-faults";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Faults under AgentProfile.PRODUCTION while clients send requests through the virtual address. docs/security.md has what each cost.

/** Another Consul: `VIPSTACK_CONSUL_NEXT=FILE` has a rolling upgrade to it tested. One of the same version shows the way only. */
const NEXT = process.env.VIPSTACK_CONSUL_NEXT ?? "";
const REPLACEMENT = "rolling replacement of all agents' program";

/** Where a fault does not hit the path of requests, none may be lost; elsewhere this is the time in which some are. */
const seconds = (lostWithinSeconds: number): Budget => ({ lostWithinSeconds });

function survivesAll(scene: FaultScene, rows: readonly (readonly [string, Fault, Budget])[]): void {
  beforeAll(async () => {
    await scene.up();
    await eventually(() => isWhole(scene), 4 * MINUTES);
  }, 2 * BOOT);
  afterAll(async () => {
    await scene.lab.down();
  }, BOOT);
  const possible = rows.filter(([name]) => {
    if (name !== REPLACEMENT || NEXT !== "") return true;
    process.stderr.write(`SKIPPED: ${name} (missing: VIPSTACK_CONSUL_NEXT=FILE)\n`);
    return false;
  });
  test.each(possible)(
    "%s",
    async (name, fault, budget) => {
      const result = await requestsDuring(scene, name, fault, budget);
      expect(beyond(result, budget)).toEqual([]);
      // A packet that is lost where nothing fails is sent again within 5 s.
      expect(result.silence).toBeLessThanOrEqual(Math.max(budget.lostWithinSeconds, 5));
    },
    BOOT,
  );
}

describe("a director that follows web servers", () => {
  survivesAll(new FaultScene({}, 8080), [
    ["one of three servers cut off, the one that leads", faults.leaderCut, NONE],
    ["two of three servers cut off: what is known serves", faults.twoServersCut, NONE],
    ["the server that leads frozen for 60 s", faults.leaderFrozen, NONE],
    ["split 2|1: the leader alone", faults.leaderApart, NONE],
    ["split 2|1: all other machines with the one", faults.majorityApart, NONE],
    ["disk full on the server that leads", faults.diskFull, NONE],
    ["clocks wrong by an hour", faults.clocksWrong, NONE],
    ["all agents' certificates ended, and all agents started again", faults.certificatesEnded, NONE],
    ["rolling restart of all agents", faults.rollingRestart(), NONE],
    [REPLACEMENT, faults.rollingReplacement(NEXT), NONE],
    // Gossip notices in about 20 s; until then every second connection goes to a machine that is off.
    ["a web server without power", faults.webServerOff, seconds(60)],
    // No path at all until the director and a web server have booted.
    ["all machines but the clients' without power", faults.allOff, seconds(240)],
  ]);
});

describe("five servers", () => {
  const scene = new FaultScene({ SERVERS: "5" }, 8080, 5);
  survivesAll(scene, [
    ["two of five servers cut off, the one that leads among them", faults.twoOfFiveCut, NONE],
    ["three of five servers cut off: what is known serves", faults.threeOfFiveCut, NONE],
  ]);

  test("all five vote, and two may fail", async () => {
    const health = JSON.parse(await scene.consul("server1", "operator/autopilot/health")) as {
      FailureTolerance: number;
      Servers: { Name: string; Voter: boolean }[];
    };
    expect(health.FailureTolerance).toBe(2);
    const voters = health.Servers.filter(({ Voter: voter }) => voter).map(({ Name: name }) => name);
    expect(voters.sort()).toEqual(scene.servers);
  });
});

describeWithImage(APISIX, "gateways between the director and the web servers", () => {
  survivesAll(new FaultScene({ GATEWAYS: "yes" }, 80), [
    ["one of three servers cut off, the one that leads", faults.leaderCut, NONE],
    ["two of three servers cut off: what is known serves", faults.twoServersCut, NONE],
    ["the server that leads frozen for 60 s", faults.leaderFrozen, NONE],
    ["rolling restart of all agents", faults.rollingRestart(), NONE],
    ["a gateway's machine without power, which has a web server, too", faults.webServerOff, seconds(60)],
    ["all machines but the clients' without power", faults.allOff, seconds(300)],
  ]);
});
