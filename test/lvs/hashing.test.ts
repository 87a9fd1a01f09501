import { Refusal, Scheduler } from "../../constructs/lvs";
import { ipvsRules, Machines, program, warningsOf } from "./support/program";

const web = { address: "192.168.139.100", port: 80 };

test.each([
  [Scheduler.SOURCE_HASHING, "-s sh -b sh-fallback"],
  [Scheduler.MAGLEV_HASHING, "-s mh -b mh-fallback"],
  [Scheduler.sourceHashing(), "-s sh -b sh-fallback"],
  [Scheduler.sourceHashing({ port: true }), "-s sh -b sh-fallback,sh-port"],
  [Scheduler.maglevHashing({ port: true }), "-s mh -b mh-fallback,mh-port"],
  [Scheduler.of("mh", ["mh-port", "mh-fallback"]), "-s mh -b mh-port,mh-fallback"],
])("%j has its fallback: weight 0 and a threshold are fine", (scheduler, words) => {
  const { ipvs, stack } = program(({ director, behind, behind2 }) =>
    director().addVirtualService("web", {
      ...web,
      scheduler,
      realServers: [
        { machine: behind, weight: 0 },
        { machine: behind2, upperThreshold: 10 },
      ],
    }),
  );
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

function built(scheduler: Scheduler, acknowledge?: Refusal[]): Machines {
  return program(({ director, behind, behind2 }) =>
    director().addVirtualService("web", {
      ...web,
      scheduler,
      realServers: [{ machine: behind }, { machine: behind2 }],
      acknowledge,
    }),
  );
}

test.each(without)("%j warns of drains, with the cure", (scheduler, words, cure) => {
  const { ipvs, stack } = built(scheduler);
  expect(ipvsRules(ipvs).split("\n")[0]).toBe(`-A -t 192.168.139.100:80 ${words}`);
  expect(warningsOf(stack)).toEqual([
    `web: 'scheduler' is ${scheduler.word} without fallback: while a real server drains, clients that hash to it are refused: ${cure}; to have it without a warning, acknowledge: [Refusal.HASHING_WITHOUT_FALLBACK]`,
  ]);
  expect(warningsOf(built(scheduler, [Refusal.HASHING_WITHOUT_FALLBACK]).stack)).toEqual([]);
});

test.each(without)("%j: weight 0 and a threshold are refused in one message", (scheduler, _, cure) => {
  const because = `with ${scheduler.word} without fallback, because clients that hash to this real server`;
  const acknowledge = "to build it nevertheless, acknowledge: [Refusal.HASHING_WITHOUT_FALLBACK]";
  expect(() =>
    program(({ director, behind }) =>
      director().addVirtualService("web", {
        ...web,
        scheduler,
        realServers: [{ machine: behind, weight: 0, upperThreshold: 10 }],
      }),
    ),
  ).toThrow(
    new Error(
      "test/director/web/behind: 2 problems\n" +
        `  - 'weight' can't be 0 ${because} are then refused, whatever others could serve, got 0: ${cure}; ${acknowledge}\n` +
        `  - 'upperThreshold' can't be given ${because} are refused while it is reached, got 10: ${cure}; ${acknowledge}`,
    ),
  );
});

test("other schedulers ask the next real server by themselves", () => {
  const others = Object.entries(Scheduler).flatMap(([, value]) =>
    value instanceof Scheduler && !["sh", "mh", "dh", "random"].includes(value.word) ? [value] : [],
  );
  expect(others.length).toBeGreaterThan(8);
  for (const scheduler of others) expect(warningsOf(built(scheduler).stack)).toEqual([]);
});
