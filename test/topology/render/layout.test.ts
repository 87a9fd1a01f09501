import { TerraformStack } from "cdktf";
import { Caddy } from "../../../constructs/caddy";
import { Director, ForwardingMethod, Refusal, Scheduler } from "../../../constructs/lvs";
import { LabBackend, Machine } from "../../../constructs/machine";
import { drawTopology, surveyTopology, Topology } from "../../../constructs/topology";
import { graphOf } from "../../../constructs/topology/render/graph-of";
import { Layout, layOut, LINE_SIZE, TITLE_SIZE } from "../../../constructs/topology/render/layout";
import { textWidth } from "../../../constructs/topology/render/text-width";
import { synth } from "../../support/synth";

interface Wanted {
  readonly servers: number;
  /** Weight and port of a server. */
  readonly differ?: boolean;
  readonly services?: number;
}

function topologyWith({ servers, differ = false, services = 1 }: Wanted): Topology {
  let topology: Topology | undefined;
  synth((stack: TerraformStack) => {
    const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/16"] });
    const machine = (name: string, address: string): Machine =>
      new Machine(stack, name, { backend, interfaces: { eth0: [`${address}/16`] } });
    const client = machine("client", "10.0.0.10");
    const director = new Director(stack, "director", { machine: machine("front", "10.0.0.20") });
    const all = Array.from({ length: servers }, (_, index) => machine(`web${index + 1}`, `10.0.2.${index + 1}`));
    for (const web of all) new Caddy(stack, `caddy-${web.name}`, { machine: web, answers: { 80: web.name } });
    for (let index = 1; index <= services; index++)
      director.addVirtualService(`service-${index}`, {
        address: `10.0.1.${index}`,
        port: 80,
        scheduler: Scheduler.WEIGHTED_ROUND_ROBIN,
        forwarding: ForwardingMethod.masquerading({ snat: true }),
        realServers: all.map((web, place) =>
          differ ? { machine: web, port: 8000 + place, weight: place + 1 } : { machine: web },
        ),
      });
    topology = surveyTopology(stack, "test", client);
  });
  if (topology === undefined) throw new Error("not synthesized");
  return topology;
}

function expectReadable({ width, height, boxes, edges }: Layout): void {
  for (const box of boxes) {
    expect([box.x >= 0, box.y >= 0, box.x + box.width <= width, box.y + box.height <= height]).toEqual(
      Array(4).fill(true),
    );
    for (const other of boxes.filter((one) => one !== box)) {
      const apart =
        box.x + box.width <= other.x ||
        other.x + other.width <= box.x ||
        box.y + box.height <= other.y ||
        other.y + other.height <= box.y;
      expect({ box: box.title.text, other: other.title.text, apart }).toMatchObject({ apart: true });
    }
    const texts = [...box.lines, ...box.rows.flatMap(({ lines }) => lines)];
    expect(box.title.x + textWidth(box.title.text, TITLE_SIZE)).toBeLessThanOrEqual(box.x + box.width);
    for (const { x, y, text } of texts) {
      expect(x + textWidth(text, LINE_SIZE)).toBeLessThanOrEqual(box.x + box.width);
      expect(y).toBeLessThanOrEqual(box.y + box.height);
    }
  }
  // What an edge says is between the columns, and no two say it in one place.
  for (const { label, to } of edges) {
    const target = boxes.find(({ id }) => id === to.box);
    expect(label.x + textWidth(label.text, LINE_SIZE)).toBeLessThanOrEqual(target?.x ?? 0);
  }
  const said = edges.filter(({ label }) => label.text !== "").map(({ label }) => `${label.x} ${label.y}`);
  expect(new Set(said).size).toBe(said.length);
}

test.each([
  ["3 servers", { servers: 3 }, 5],
  ["60 equal servers: one box", { servers: 60 }, 3],
  ["60 servers that differ, each of its own", { servers: 60, differ: true }, 62],
  ["20 services on 20 servers", { servers: 20, services: 20 }, 3],
])("%s: no boxes overlap, each text is in its place", (_, wanted, count) => {
  const graph = graphOf(topologyWith(wanted));
  expect(graph.boxes).toHaveLength(count);
  for (const live of [false, true]) expectReadable(layOut(graph, live));
});

test("many equal ones are one with their number, and what it stands for is known", () => {
  const { svg, boxes, edges } = drawTopology(topologyWith({ servers: 57, services: 9 }));
  for (const text of ["web1 … web57 (57)", "10.0.2.1 … 10.0.2.57 (57)", "10.0.1.1:80 … 10.0.1.9:80 (9)"])
    expect(svg).toContain(`>${text}<`);
  expect(svg).toContain(">57 × masquerading, SNAT<");
  expect(boxes.find(({ kind }) => kind === "server")?.machines).toHaveLength(57);
  expect(edges.at(-1)?.flow?.addresses).toHaveLength(57);
  expect(edges.at(-1)?.flow?.services).toHaveLength(9);
});

test("what is not the usual is said: acknowledged refusals, persistence, marks, IPv6, markup in no text", () => {
  let topology: Topology | undefined;
  synth((stack) => {
    const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24", "fd00::/64"] });
    const machine = (name: string, last: number): Machine =>
      new Machine(stack, name, { backend, interfaces: { eth0: [`10.0.0.${last}/24`, `fd00::${last}/64`] } });
    const web = machine("web", 31);
    const director = new Director(stack, "director", { machine: machine("front", 20) });
    director.addVirtualService("hang", {
      ...{ address: "10.0.0.20", port: 80, persistenceTimeout: "60s" },
      forwarding: ForwardingMethod.masquerading(),
      realServers: [{ machine: web, weight: 3 }],
      acknowledge: [Refusal.MASQUERADING_SAME_SUBNET],
    });
    director.addFirewallMarkService("mark", {
      ...{
        mark: 7,
        endpoints: [
          { address: "fd00::100", port: 80 },
          { address: "fd00::100", port: 443 },
        ],
      },
      realServers: [{ machine: web }],
    });
    topology = surveyTopology(stack, "a<b");
  });
  if (topology === undefined) throw new Error("not synthesized");
  const { svg } = drawTopology(topology);
  for (const text of [
    ...["acknowledged: masquerading-same-subnet", "TCP, rr, persistence 60 s", "[fd00::100]:443", "weight 3"],
    ...["TCP, IPv6, rr, mark 7", "clients"],
  ])
    expect(svg).toContain(`>${text}<`);
  expect(svg).toContain("Topology of a&lt;b: 2 machines");
});
