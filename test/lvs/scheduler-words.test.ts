import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Scheduler } from "../../constructs/lvs";
import { flagsOf, SCHEDULER_WORDS } from "../../constructs/lvs/scheduler-words";

/** What the rules program on a director says of service lines, and its own list of words. */
function askDirector(lines: readonly string[]): { words: string[]; problems: (string | null)[] } {
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
import ipvs_table
ask = lambda line: (ipvs_table.parse_table([("here", line)])[1] or [None])[0]
json.dump({"words": list(ipvs_table.SCHEDULERS), "problems": [ask(line) for line in json.load(sys.stdin)]}, sys.stdout)
`;
  const folder = join(__dirname, "..", "..", "constructs", "lvs", "node");
  const answer = execFileSync("python3", ["-B", "-c", script, folder], { input: JSON.stringify(lines) });
  return JSON.parse(answer.toString()) as { words: string[]; problems: (string | null)[] };
}

test("synth and the director know the same schedulers", () => {
  expect([...SCHEDULER_WORDS].sort()).toEqual(askDirector([]).words.sort());
});

test("the director takes every flag that synth lets through, and no other one", () => {
  const all = [...new Set(SCHEDULER_WORDS.flatMap(flagsOf))];
  const tried = SCHEDULER_WORDS.flatMap((word) => all.map((flag) => ({ word, flag })));
  const { problems } = askDirector(tried.map(({ word, flag }) => `-A -t 10.0.0.1:80 -s ${word} -b ${flag}`));
  const taken = tried.filter((_, index) => problems[index] === null);
  expect(taken).toEqual(tried.filter(({ word, flag }) => flagsOf(word).includes(flag)));
  expect(taken.length).toBeGreaterThan(SCHEDULER_WORDS.length);
});

test("every member of Scheduler is one of these words, but for random", () => {
  const words = Object.values(Scheduler).flatMap((value) => (value instanceof Scheduler ? [value.word] : []));
  expect(words.filter((word) => !SCHEDULER_WORDS.includes(word))).toEqual(["random"]);
});
