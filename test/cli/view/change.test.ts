import { Status } from "../../../cli/status";
import { changesBetween } from "../../../cli/view/change";
import { modelOf, remembered } from "../../../cli/view/model";
import { PageStates } from "../../../cli/view/page-state";
import { chain, Recording, threeMachines } from "./support/recording";
import { topologyOf } from "./support/synthesized";

const small = threeMachines(topologyOf("examples/three-machines/main.ts"));
const large = chain(topologyOf("main.ts"));

/** The lines of each step from one look to the next. */
function steps({ topology, looks }: Recording): string[][] {
  const models = looks.map(({ status }) => modelOf(topology, status));
  return models
    .slice(1)
    .map((after, index) => changesBetween(models[index]!, after).map(({ text, mood }) => `${text} (${mood})`));
}

test("three machines: power cut, drain, back", () => {
  expect(steps(small)).toEqual([
    ["machine d2: ready → off (bad)"],
    [
      "machine d2: off → ready (good)",
      "real server d2 (192.168.139.184:81) of TCP 192.168.139.29:80 on ipvs: weight 1 → 0: it drains, 5 connections open, 58 s left at most (warn)",
    ],
    ["real server d2 (192.168.139.184:81) of TCP 192.168.139.29:80 on ipvs: weight 0 → 1 ()"],
  ]);
});

test("the chain: checks and instances follow the power cut", () => {
  const [cut, drain, back] = steps(large);
  expect(cut).toEqual([
    "machine web2: ready → off (bad)",
    "check of node on web2 (Serf Health Status): passing → critical (bad)",
    `check of gateway on web2 (service: "gateway" check): passing → critical (bad)`,
    `check of hello-world-servers on web2 (service: "hello-world-servers" check): passing → critical (bad)`,
    "instance of gateway on web2 (http 9080): passing → critical (bad)",
    "instance of hello-world on web2 (http 27544): passing → critical (bad)",
  ]);
  expect(drain).toEqual([
    "real server web2 (192.168.139.32:9080) of TCP 192.168.139.29:80 on ipvs: weight 1 → 0: it drains, 11 connections open, 51 s left at most (warn)",
    `check of gateway on web2 (service: "gateway" check): critical → gone (warn)`,
    `check of hello-world-servers on web2 (service: "hello-world-servers" check): critical → gone (warn)`,
    "instance of gateway on web2 (http 9080) is gone (warn)",
    "instance of hello-world on web2 (http 27544) is gone (warn)",
  ]);
  expect(back).toContain("instance of hello-world on web2 (http 27544) was placed: passing (good)");
});

test("real servers that join and leave, machines that are new, gone or restarted between two looks", () => {
  const [{ status }] = small.looks as [(typeof small.looks)[number]];
  const [client, director, d2] = status.machines as [
    Status["machines"][number],
    Status["machines"][number],
    Status["machines"][number],
  ];
  const d3 = { ...d2, name: "d3", addresses: ["192.168.139.185"], state: "booting" };
  const [table] = status.directors as [Status["directors"][number]];
  const [service] = table.services as [(typeof table.services)[number]];
  const [first] = service.servers as [(typeof service.servers)[number]];
  const servers = [first, { ...first, address: "192.168.139.185:80", weight: 2 }];
  const after: Status = {
    ...status,
    machines: [director, { ...d2, upSeconds: 3 }, d3],
    directors: [{ ...table, services: [{ ...service, servers }] }],
  };
  expect(client.name).toBe("vm-1");
  expect(
    steps({
      ...small,
      looks: [
        { what: "", status },
        { what: "", status: after },
      ],
    }),
  ).toEqual([
    [
      "machine vm-1 is gone (warn)",
      "machine d2 has restarted (warn)",
      "machine d3 is new: booting (warn)",
      "real server d2 (192.168.139.184:81) left TCP 192.168.139.29:80 on ipvs (warn)",
      "real server 192.168.139.185:80 joined TCP 192.168.139.29:80 on ipvs, weight 2 (good)",
    ],
  ]);
});

test("what does not answer for a while is no change; what is different when it answers again is one", () => {
  const [{ status: healthy }, , { status: drain }] = large.looks as [
    (typeof large.looks)[number],
    (typeof large.looks)[number],
    (typeof large.looks)[number],
  ];
  const silent: Status = { ...healthy, directors: [], checks: [], jobs: [] };
  const [before, between, after] = [healthy, silent, drain].map((status) => modelOf(large.topology, status));
  const known = remembered(before!, between!);
  expect(changesBetween(before!, known)).toEqual([]);
  expect(changesBetween(known, remembered(known, after!))).toEqual(changesBetween(before!, after!));
});

test("the checks of a Consul cluster that does not answer are kept, and are no change", () => {
  const [{ status }] = large.looks as [(typeof large.looks)[number]];
  const check = { node: "web1", service: "web", check: "http", status: "passing" };
  const of = (...checks: Status["checks"]) => modelOf(large.topology, { ...status, checks });
  const [east, west] = [
    { ...check, cluster: "machines/east" },
    { ...check, cluster: "machines/west", node: "web2" },
  ];
  const known = remembered(of(east, west), of(west));
  expect(known.checks?.map(({ cluster }) => cluster)).toEqual(["machines/west", "machines/east"]);
  expect(changesBetween(of(east, west), known)).toEqual([]);
  expect(changesBetween(of(west), of(east, west))).toEqual([]);
  const critical = remembered(known, of({ ...east, status: "critical" }, west));
  expect(changesBetween(known, critical).map(({ text }) => text)).toEqual([
    "check of web on web1 (http): passing → critical",
  ]);
});

test("changes stay for 15 minutes, the newest first; only another topology is another picture", () => {
  const states = new PageStates();
  const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 5, 10, minute));
  const looked = small.looks.map(({ status }, index) => states.next(small.topology, status, at(index)));
  expect(looked.map(({ drawn }) => drawn)).toEqual([1, 1, 1, 1]);
  expect(looked.map(({ changes }) => changes.map(({ number }) => number))).toEqual([[], [1], [3, 2, 1], [4, 3, 2, 1]]);
  expect(looked[2]!.changes[2]).toEqual({
    ...{ text: "machine d2: ready → off", mood: "bad", number: 1 },
    time: "2026-01-05T10:01:00.000Z",
  });
  const { status } = small.looks.at(-1)!;
  expect(states.next(small.topology, status, at(17)).changes.map(({ number }) => number)).toEqual([4, 3, 2]);
  const svg = states.svg;
  const other = { ...small.topology, name: "other" };
  expect(states.next(other, status, at(18)).drawn).toBe(2);
  expect(states.svg).not.toBe(svg);
});

test("a look that fails keeps what is shown, with the reason and the time of the last good look", () => {
  const states = new PageStates();
  expect(states.failed("nothing is up")).toBeUndefined();
  const [{ status }] = small.looks as [(typeof small.looks)[number]];
  const good = states.next(small.topology, status, new Date());
  expect(states.failed("nothing is up")).toEqual({ ...good, problems: ["nothing is up"] });
});
