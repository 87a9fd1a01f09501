import { changesOf, compareObjects, ResourceChange } from "../../../cli/plan/change";
import { objectNames, planText } from "../../../cli/plan/text";

const noBoot = (): [] => [];

function key(path: string, value: string): Record<string, unknown> {
  return { key: [{ path, value, delete: true, flags: 0, name: "", default: "" }], token: null };
}

function resource(type: string, before: object | null, after: object | null, sensitive?: unknown): ResourceChange {
  const actions = before === null ? ["create"] : after === null ? ["delete"] : ["update"];
  return {
    type,
    name: "one",
    change: {
      actions,
      before: before as Record<string, unknown> | null,
      after: after as Record<string, unknown> | null,
      before_sensitive: sensitive,
      after_sensitive: sensitive,
    },
  };
}

function text(...resources: ResourceChange[]): string {
  const changes = { stack: "platform", ...changesOf(resources, noBoot) };
  return planText({ stacks: [changes], warnings: [], problems: [] });
}

test("a key of JSON: the one line that differs", () => {
  const sensitive = { key: [{}], token: true, var: {} };
  const [before, after] = [key("routes/a", '{"id":"a","uri":"/*"}'), key("routes/a", '{"id":"a","uri":"/b"}')];
  expect(text(resource("consul_keys", before, after, sensitive))).toBe(
    ["objects in Consul, jobs in Nomad", "  ~ key routes/a", '      -   "uri": "/*"', '      +   "uri": "/b"'].join(
      "\n",
    ),
  );
});

test("a job: its count; a new one and one that goes by name", () => {
  const job = (count: number): object => ({
    jobspec: JSON.stringify({ Job: { ID: "hello", TaskGroups: [{ Count: count }] } }),
    json: true,
  });
  expect(text(resource("nomad_job", job(2), job(4)))).toBe(
    [
      "objects in Consul, jobs in Nomad",
      "  ~ job default/hello",
      '      -       "Count": 2',
      '      +       "Count": 4',
    ].join("\n"),
  );
  expect(text(resource("nomad_job", null, job(1)))).toMatch(/\n {2}\+ job default\/hello$/);
  expect(text(resource("nomad_job", job(1), null))).toMatch(/\n {2}- job default\/hello$/);
});

test("of secrets no value is shown", () => {
  const variable = (value: string): object => ({ path: "nomad/jobs/a", items: { KEY: value } });
  const shown = text(
    resource("nomad_variable", variable("first-secret"), variable("second-secret")),
    resource("consul_keys", key("k", "first-secret"), key("k", "second-secret"), { key: true }),
  );
  expect(shown).toBe("objects in Consul, jobs in Nomad\n  ~ variable default/nomad/jobs/a\n  ~ key k");
});

test("resources that the library does not make are named", () => {
  expect(text(resource("nomad_namespace", null, { name: "x" }))).toBe(
    "other resources of Terraform\n  ~ nomad_namespace.one",
  );
});

function data(name: string, before: object | null, after: object | null): ResourceChange {
  return {
    ...resource("terraform_data", before && { triggers_replace: before }, after && { triggers_replace: after }),
    name,
  };
}

test("who drains a machine that goes is said with it; of one that stays it is a resource of its own", () => {
  const all = [
    data("web1", { boot: "1", hardware: '{"name":"web1"}' }, null),
    data("ipvs_drains_web1", { machine: "id" }, null),
    data("edge_drains_web1", { machine: "id" }, null),
    data("web1_farewell", { machine: "id" }, null),
    data("new", null, { boot: "1", hardware: '{"name":"new"}' }),
    data("ipvs_drains_new", null, { machine: "id" }),
    data("ipvs_drains_web2", null, { machine: "id" }),
  ];
  expect(text(...all)).toBe(
    `machines
  - web1 is removed
      its real servers are drained first, by ipvs, edge
  + new

other resources of Terraform
  ~ ipvs drains web2`,
  );
});

test("live content of a machine that is made anew comes with it; a secret of another one is named", () => {
  const changes = changesOf(
    [
      data("web", { boot: "1" }, { boot: "2" }),
      data("web_live", { machine: "id", "/etc/a": "1" }, { "/etc/a": "2" }),
      data("ipvs_secrets", { machine: "id", TOKEN: "hash" }, { machine: "id", TOKEN: "other" }),
      data("lab_members", { machines: "a" }, { machines: "a b" }),
    ],
    noBoot,
  );
  expect(changes).toEqual({
    machines: [{ name: "web", action: "replace", reasons: ["boot content"], boot: [], drainedBy: [] }],
    files: [{ machine: "ipvs", files: [], secrets: ["TOKEN"] }],
    others: ["lab members"],
    objects: [],
  });
});

test("objects that were handed over: what is new, what differs, what goes", () => {
  const keyed = (path: string, value: string) =>
    ({ kind: "key", path, value, flags: 0, keep: false, secret: false }) as const;
  const objects = compareObjects(
    [keyed("a", "1"), keyed("b", "1"), keyed("c", "1")],
    [keyed("a", "1"), keyed("b", "2"), keyed("d", "1")],
  );
  const plan = { stacks: [{ stack: "s", machines: [], files: [], others: [], objects }], warnings: [], problems: [] };
  expect(objectNames(plan)).toEqual(["~ key b", "- key c", "+ key d"]);
});

test("a long difference is cut where that is asked for", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join("");
  const files = [{ machine: "ipvs", files: [{ name: "/etc/a", before: "", after: lines }], secrets: [] }];
  const plan = { stacks: [{ stack: "s", machines: [], files, others: [], objects: [] }], warnings: [], problems: [] };
  expect(planText(plan, { lines: 5 }).split("\n").slice(-2)).toEqual(["      + line 4", "      … 25 more lines"]);
  expect(planText(plan).split("\n").at(-1)).toBe("      + line 29");
});
