import { markdownTable } from "../markdown";
import { Flow, Hop, ownerOf, socketText } from "./flow";

/** A column of the table. */
export interface Column {
  readonly title: string;
  readonly flow: Flow;
}

/** What the captures say, as a Markdown table with a column a forwarding method. */
export function renderTable(columns: readonly Column[]): string {
  const rows = [
    ["", ...columns.map(({ title }) => title)],
    ...FACTS.map(([label, fact]) => [label, ...columns.map(({ flow }) => fact(flow))]),
  ];
  return markdownTable(rows);
}

const FACTS: readonly [label: string, fact: (flow: Flow) => string][] = [
  ["the client sends", (flow) => wire(flow, flow.requestHops[0])],
  ["the real server gets", (flow) => wire(flow, flow.requestHops.at(-1))],
  ["so it sees as sender", (flow) => ownerOf(flow, received(flow).source.address)],
  ["and as receiver", (flow) => ownerOf(flow, received(flow).target.address)],
  ["it replies", (flow) => wire(flow, flow.replyHops[0])],
  ["to the MAC address of", ({ client, replyHops: [first] }) => (first?.to === client ? "the client" : "the director")],
  ["the client gets", (flow) => wire(flow, flow.replyHops.at(-1))],
  ["the director passes on", (flow) => passedOn(flow)],
];

function wire(flow: Flow, hop: Hop | undefined): string {
  return hop === undefined ? "" : `\`${socketText(flow, hop.source)}\` → \`${socketText(flow, hop.target)}\``;
}

function received({ requestHops }: Flow): Hop {
  const last = requestHops.at(-1);
  if (last === undefined) throw new Error("a flow without a request");
  return last;
}

function passedOn({ director, requestHops, replyHops }: Flow): string {
  const passes = (hops: readonly Hop[]): boolean => hops.some(({ from }) => from === director);
  return [...(passes(requestHops) ? ["requests"] : []), ...(passes(replyHops) ? ["replies"] : [])].join(" and ");
}
