import { spawnSync } from "node:child_process";
import fc from "fast-check";
import {
  addBalancedService,
  MAX_NTH_RULES,
  nthChoices,
  randomChoices,
  turnCount,
} from "../../../constructs/lvs/render/balancing";
import { chainName, IptablesRules } from "../../../constructs/packets";
import { anyService } from "../support/services";

const share = (name: string, weight: number): { name: string; weight: number } => ({ name, weight });
const shares = fc
  .array(fc.nat(100), { minLength: 1, maxLength: 8 })
  .map((weights) => weights.map((weight, index) => share(`s${index}`, weight)));

/** What the kernel does: each rule has a counter of its own, and sees what the rules before it left. */
function simulateNth(everies: readonly number[], connections: number): number[] {
  const counters = everies.map(() => 0);
  return Array.from({ length: connections }, () =>
    everies.findIndex((every, rule) => {
      const count = counters[rule] ?? 0;
      counters[rule] = (count + 1) % every;
      return count === 0;
    }),
  );
}

test("nth: n, n-1, … 1", () => {
  const three = nthChoices([share("a", 1), share("b", 1), share("c", 1)]);
  expect(three?.map(({ match, share: { name } }) => `${name} ${match}`)).toEqual([
    "a -m statistic --mode nth --every 3 --packet 0",
    "b -m statistic --mode nth --every 2 --packet 0",
    "c -m statistic --mode nth --every 1 --packet 0",
  ]);
});

test("nth: every server gets exactly its weight in every cycle, for any weights", () => {
  fc.assert(
    fc.property(shares, (servers) => {
      const turns = turnCount(servers.map(({ weight }) => weight));
      const choices = nthChoices(servers);
      expect(choices === undefined).toBe(turns > MAX_NTH_RULES);
      const rules = choices ?? [];
      const everies = rules.map(({ match }) => Number(/--every (\d+)/.exec(match)?.[1]));
      const cycles = 3;
      const taken = simulateNth(everies, rules.length * cycles).map((rule) => rules[rule]?.share.name);
      const total = servers.reduce((sum, { weight }) => sum + weight, 0);
      for (const { name, weight } of servers)
        expect(taken.filter((each) => each === name).length * total).toBe(weight * rules.length * cycles);
    }),
  );
});

test("random: the probabilities multiply out to the shares, for any weights", () => {
  fc.assert(
    fc.property(shares, (servers) => {
      const total = servers.reduce((sum, { weight }) => sum + weight, 0);
      let left = 1;
      for (const { match, share: server } of randomChoices(servers)) {
        const probability = match === "" ? 1 : Number(/--probability (\S+)/.exec(match)?.[1]);
        expect(left * probability).toBeCloseTo(server.weight / total, 7);
        left *= 1 - probability;
      }
      expect(left).toBe(total === 0 ? 1 : 0);
    }),
  );
});

test("a server of weight 0 is in no rule", () => {
  fc.assert(
    fc.property(shares, (servers) => {
      const all = [...(nthChoices(servers) ?? []), ...randomChoices(servers)];
      expect(all.every(({ share: { weight } }) => weight > 0)).toBe(true);
    }),
  );
});

const restore = { 4: "iptables-restore", 6: "ip6tables-restore" };
const namespace = spawnSync("unshare", ["--net", restore[4], "--version"]);
if (namespace.status !== 0)
  process.stderr.write("SKIPPED: rules in a real kernel (needs root, unshare and iptables on this machine)\n");
const inKernel = namespace.status === 0 ? describe : describe.skip;

inKernel("in a real kernel, in an empty network namespace", () => {
  test.each([4, 6] as const)("iptables takes every rule of the iptables plane, IPv%d", (family) => {
    const balanced = anyService.filter(
      ({ forwarding, mark }) => forwarding.name === "masquerading" && mark === undefined,
    );
    const services = fc.sample(balanced, 40).filter((each) => each.family === family);
    const rules = new IptablesRules();
    for (const [index, service] of services.entries())
      addBalancedService(rules, {
        ...service,
        chain: chainName(`s${index}`),
        scheduler: { word: "random", flags: [] },
      });
    const done = spawnSync("unshare", ["--net", restore[family], "--noflush"], {
      input: rules.render(),
      encoding: "utf8",
    });
    expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: "" });
  });
});
