import { Status } from "../../cli/status";
import { duration, statusText } from "../../cli/status-screen";

const now: Status = {
  deployment: "lab",
  stateFolder: "/state/lab",
  machines: [
    { name: "ipvs", addresses: ["10.0.0.29"], state: "ready", upSeconds: 185, roles: ["director of tcp 10.0.0.29:80"] },
    { name: "web1", addresses: ["10.0.0.31"], state: "off", roles: [] },
  ],
  directors: [
    {
      name: "ipvs",
      rules: [],
      services: [
        {
          protocol: "TCP",
          address: "10.0.0.29:80",
          scheduler: "rr",
          connectionsPerSecond: 12,
          servers: [
            {
              address: "10.0.0.31:80",
              forwarding: "Masq",
              weight: 0,
              connectionsPerSecond: 0,
              active: 2,
              inactive: 40,
              drainSeconds: 31,
            },
          ],
        },
      ],
    },
  ],
  checks: [{ node: "web1", service: "web", check: "http", status: "critical" }],
  jobs: [],
  routes: [],
  problems: ["Consul on web1 does not answer"],
};

test("status is one screen; what there is nothing of is left out", () => {
  expect(statusText(now)).toBe(`lab (/state/lab)

machine  address    state  up     what it is
ipvs     10.0.0.29  ready  3 min  director of tcp 10.0.0.29:80
web1     10.0.0.31  off

director ipvs           weight  conn/s  active  inactive
TCP 10.0.0.29:80  rr            12
  → 10.0.0.31:80  Masq  0       0       2       40        drains, 31 s left at most

in Consul  node  check  health
web        web1  http   critical

! Consul on web1 does not answer`);
});

test("several Consul clusters have a table each, named by their constructs", () => {
  const check = { node: "web1", service: "web", check: "http", status: "critical" };
  const checks = [
    { ...check, cluster: "machines/east" },
    { ...check, cluster: "machines/west", node: "web2", status: "passing" },
  ];
  expect(statusText({ ...now, checks })).toContain(`
in machines/east  node  check  health
web               web1  http   critical

in machines/west  node  check  health
web               web2  http   passing
`);
  expect(statusText({ ...now, checks: checks.slice(0, 1) })).toContain("\nin Consul  node  check  health\n");
});

test.each([
  [0, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [3599, "59 min"],
  [11_100, "3 h 5 min"],
  [187_200, "2 d 4 h"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
