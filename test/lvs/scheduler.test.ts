import { Plane, RealServerOptions, Refusal, Scheduler } from "../../constructs/lvs";
import { flagsOf, SCHEDULER_WORDS } from "../../constructs/lvs/scheduler";
import { askIpvsTable } from "./support/ipvs-table";
import { ipvsRules, Machines, messageOf, program, warningsOf } from "./support/program";

const web = { address: "192.168.139.100", port: 80 };

/** A virtual service with two real servers and that scheduler. */
function built(
  scheduler: Scheduler,
  {
    acknowledge,
    servers: [one, other] = [],
  }: { acknowledge?: Refusal[]; servers?: Omit<RealServerOptions, "machine">[] } = {},
): Machines {
  return program(({ director, behind, behind2 }) =>
    director().addVirtualService("web", {
      ...web,
      scheduler,
      realServers: [
        { machine: behind, ...one },
        { machine: behind2, ...other },
      ],
      acknowledge,
    }),
  );
}

test.each([
  [Scheduler.SOURCE_HASHING, "-s sh -b sh-fallback"],
  [Scheduler.MAGLEV_HASHING, "-s mh -b mh-fallback"],
  [Scheduler.sourceHashing(), "-s sh -b sh-fallback"],
  [Scheduler.sourceHashing({ port: true }), "-s sh -b sh-fallback,sh-port"],
  [Scheduler.maglevHashing({ port: true }), "-s mh -b mh-fallback,mh-port"],
  [Scheduler.of("mh", ["mh-port", "mh-fallback"]), "-s mh -b mh-port,mh-fallback"],
])("%j has its fallback: weight 0 and a threshold are fine", (scheduler, words) => {
  const { ipvs, stack } = built(scheduler, { servers: [{ weight: 0 }, { upperThreshold: 10 }] });
  expect(ipvsRules(ipvs).split("\n")[0]).toBe(`-A -t 192.168.139.100:80 ${words}`);
  expect(warningsOf(stack)).toEqual([]);
});

const MAGLEV = "use Scheduler.maglevHashing(), whose fallback gives them another one";
const SOURCE = "use Scheduler.sourceHashing(), whose fallback gives them another one";
const DESTINATION =
  "use Scheduler.LOCALITY_BASED_LEAST_CONNECTION, which keeps a destination with its real server and gives it another one where that takes none";
const without: [Scheduler, string, string][] = [
  [Scheduler.maglevHashing({ fallback: false }), "-s mh", MAGLEV],
  [Scheduler.sourceHashing({ fallback: false, port: true }), "-s sh -b sh-port", SOURCE],
  [Scheduler.of("sh"), "-s sh", SOURCE],
  [Scheduler.DESTINATION_HASHING, "-s dh", DESTINATION],
];

test.each(without)("%j warns of drains, with the cure", (scheduler, words, cure) => {
  const { ipvs, stack } = built(scheduler);
  expect(ipvsRules(ipvs).split("\n")[0]).toBe(`-A -t 192.168.139.100:80 ${words}`);
  expect(warningsOf(stack)).toEqual([
    `web: 'scheduler' is ${scheduler.word} without fallback: while a real server drains, clients that hash to it are refused: ${cure}; to have it without a warning, acknowledge: [Refusal.HASHING_WITHOUT_FALLBACK]`,
  ]);
  expect(warningsOf(built(scheduler, { acknowledge: [Refusal.HASHING_WITHOUT_FALLBACK] }).stack)).toEqual([]);
});

test.each(without)("%j: weight 0 and a threshold are refused in one message", (scheduler, _, cure) => {
  const message = messageOf(({ director, behind }) =>
    director().addVirtualService("web", {
      ...web,
      scheduler,
      realServers: [{ machine: behind, weight: 0, upperThreshold: 10 }],
    }),
  );
  const [title, weight, upperThreshold, ...rest] = message?.split("\n") ?? [];
  expect([title, rest]).toEqual(["test/director/web/behind: 2 problems", []]);
  expect(weight).toContain(`'weight' can't be 0 with ${scheduler.word} without fallback`);
  expect(weight).toContain(`, got 0: ${cure}; `);
  expect(upperThreshold).toBe(
    `  - 'upperThreshold' can't be given with ${scheduler.word} without fallback, because clients that hash to this real server are refused while it is reached, got 10: ${cure}; to build it nevertheless, acknowledge: [Refusal.HASHING_WITHOUT_FALLBACK]`,
  );
});

test("other schedulers ask the next real server by themselves", () => {
  const others = Object.entries(Scheduler).flatMap(([, value]) =>
    value instanceof Scheduler && !["sh", "mh", "dh", "random"].includes(value.word) ? [value] : [],
  );
  expect(others.length).toBeGreaterThan(8);
  for (const scheduler of others) expect(warningsOf(built(scheduler).stack)).toEqual([]);
});

/** What the rules program on a director says of service lines, and its own list of words. */
function askDirector(lines: readonly string[]): { words: string[]; problems: (string | null)[] } {
  const program = `
def answer(lines):
    return {"words": list(ipvs_table.SCHEDULERS), "problems": [problem(line) for line in lines]}

def problem(line):
    return (ipvs_table.parse_table([("here", line)])[1] or [None])[0]
`;
  return askIpvsTable(program, lines) as ReturnType<typeof askDirector>;
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

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "a scheduler is no word",
    ({ director }) => director().addVirtualService("web", { ...web, scheduler: Scheduler.of("rr -p") }),
    "test/director/web: 'scheduler' must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, got \"rr -p\": use a member of Scheduler, or one of these words",
  ],
  [
    "a scheduler's word is unknown",
    ({ director }) => director().addVirtualService("web", { ...web, scheduler: Scheduler.of("foo") }),
    "test/director/web: 'scheduler' must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, got \"foo\": use a member of Scheduler, or one of these words",
  ],
  [
    "the iptables plane doesn't know a scheduler's word either",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", { ...web, scheduler: Scheduler.of("foo") }),
    "test/director/web: 'scheduler' must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, got \"foo\": use a member of Scheduler, or one of these words",
  ],
  [
    "a scheduler's flags are another one's, unknown, and there twice",
    ({ director }) =>
      director().addVirtualService("web", {
        ...web,
        scheduler: Scheduler.of("sh", ["sh-fallback", "mh-port", "x,y", "sh-fallback"]),
      }),
    `test/director/web: 'scheduler' takes the flags sh-fallback, sh-port with sh, each once, got ["sh-fallback","mh-port","x,y","sh-fallback"]: leave mh-port, x,y, sh-fallback out`,
  ],
  [
    "a scheduler without flags is given one",
    ({ director }) => director().addVirtualService("web", { ...web, scheduler: Scheduler.of("rr", ["sh-fallback"]) }),
    `test/director/web: 'scheduler' takes the flags flag-1, flag-2, flag-3 with rr, each once, got ["sh-fallback"]: leave sh-fallback out`,
  ],
  [
    "random is asked of ipvs",
    ({ director }) => director().addVirtualService("web", { ...web, scheduler: Scheduler.RANDOM }),
    "test/director/web: 'scheduler' can't be random on the ipvs plane: use Scheduler.WEIGHTED_ROUND_ROBIN, or a director with plane: Plane.IPTABLES",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});
