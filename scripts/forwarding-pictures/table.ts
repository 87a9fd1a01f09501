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
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  return [lines[0], `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines.slice(1)].join("\n");
}

/** Puts text between `<!-- NAME -->` and `<!-- /NAME -->` of a page. @throws Error where the page doesn't have them */
export function replaceSection(page: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no section from '${begin}' to '${end}'`);
  return `${page.slice(0, from + begin.length)}\n\n${section}\n\n${page.slice(to)}`;
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
