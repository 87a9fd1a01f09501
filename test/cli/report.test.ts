import { routesIn, routeTable } from "../../cli/report";

const instances = [
  { machine: "gw1", ready: "http://10.0.0.41:7085/status/ready" },
  { machine: "gw2", ready: "http://10.0.0.42:7085/status/ready" },
];

test("what the program routes is a table", () => {
  const routes = [{ id: "hello", requests: "/*", leadsTo: "hello in Consul" }];
  expect(routeTable({ name: "front", job: false, instances, routes })).toMatch(
    /^gateway front on gw1, gw2\n[^]*│ hello +│ \/\* +│ hello in Consul │/,
  );
});

test("a gateway with the Admin API says that it has no routes yet, and how to make one", () => {
  const admin = { name: "front", job: false, instances, routes: [], adminPort: 9181 };
  expect(routeTable(admin, 0)).toBe(`gateway front on gw1, gw2
  has no routes yet, so it answers 404 Route Not Found. To make one, on gw1, with your admin key:
  curl 127.0.0.1:9181/apisix/admin/routes/1 -H "X-API-KEY: $KEY" -X PUT -d '{ "uri": "/*", "upstream": { "service_name": "NAME-IN-CONSUL", "discovery_type": "consul", "type": "roundrobin" } }'`);
  expect(routeTable(admin, 3)).toBe(
    "gateway front on gw1, gw2\n  its routes, 3 by now, are made by its Admin API: 127.0.0.1:9181/apisix/admin/routes",
  );
  expect(routeTable(admin)).toBe(
    "gateway front on gw1, gw2\n  its routes are made by its Admin API: 127.0.0.1:9181/apisix/admin/routes",
  );
});

test("routes are counted as APISIX lists them, where an empty list is an object", () => {
  expect(routesIn("{}")).toBe(0);
  expect(routesIn('[{ "value": { "id": "1" } }]')).toBe(1);
  expect(routesIn('{ "error_msg": "no" }')).toBeUndefined();
});
