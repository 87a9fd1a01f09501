import fc from "fast-check";
import { renderIpvsRules } from "../../../constructs/lvs/render/ipvs";
import { ServiceSpec } from "../../../constructs/lvs/spec";
import { askIpvsTable } from "../support/ipvs-table";
import { anyRealServer, anyServices, serviceWith, supportRules } from "../support/services";

/** Reads tables as the program on the director does, and writes them down in its own words, sorted. */
function readBack(tables: readonly string[]): string[] {
  const program = `
def answer(tables):
    return [read_back(text) for text in tables]

def read_back(text):
    table, problems = ipvs_table.parse_table([("here", line) for line in text.splitlines()])
    lines = [f"-A {key} {service.options}" for key, service in table.items()]
    lines += [f"-a {key} -r {at} {server.text()}" for key, service in table.items() for at, server in service.servers.items()]
    return "\\n".join(sorted(lines + problems))
`;
  return askIpvsTable(program, tables) as string[];
}

test("ipvs: the program on the director reads every line, and would write it the same way", () => {
  const tables = fc.sample(anyServices, 300).map(renderIpvsRules);
  expect(tables.filter((text) => text !== "").length).toBeGreaterThan(100);
  expect(readBack(tables)).toEqual(tables.map((text) => text.trimEnd().split("\n").sort().join("\n")));
});

test("ipvs: thresholds", () => {
  const realServers = [{ address: "10.0.0.2", port: 80, weight: 1, upperThreshold: 10 }];
  expect(readBack([renderIpvsRules([serviceWith({ realServers })])])).toEqual([
    "-A -t 192.168.139.29:80 -s rr\n-a -t 192.168.139.29:80 -r 10.0.0.2:80 -m -w 1 -x 10 -y 0",
  ]);
});

test("a real server more changes no other service's lines", () => {
  fc.assert(
    fc.property(anyServices, anyRealServer(4, true, 80), (services, extra) => {
      const [first, ...others] = services;
      if (first === undefined) return;
      const grown = { ...first, realServers: [...first.realServers, extra] };
      expect(othersOf(renderIpvsRules([grown, ...others]), first)).toEqual(othersOf(renderIpvsRules(services), first));
      const support = (all: readonly ServiceSpec[]): string[] => supportRules(all).split("\n");
      expect(support([grown, ...others])).toEqual(expect.arrayContaining(support(services)));
    }),
  );
});

function othersOf(text: string, service: ServiceSpec): string[] {
  const [name] = renderIpvsRules([{ ...service, realServers: [] }]).split(" -s ");
  const words = ` ${name?.replace("-A ", "") ?? ""} `;
  return text.split("\n").filter((line) => !line.includes(words));
}

test("the order of services does not matter", () => {
  fc.assert(
    fc.property(anyServices, (services) => {
      expect(renderIpvsRules([...services].reverse())).toBe(renderIpvsRules(services));
    }),
  );
});
