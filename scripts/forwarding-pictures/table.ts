import { changesOf, Flow, Hop, ownerOf, socketText } from "./flow";

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

/** Puts text between the two marks of a page. @throws Error where the page doesn't have them */
export function replaceSection(page: string, begin: string, end: string, section: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no section from '${begin}' to '${end}'`);
  return `${page.slice(0, from + begin.length)}\n\n${section}\n\n${page.slice(to)}`;
}

const FACTS: readonly [label: string, fact: (flow: Flow) => string][] = [
  ["the client sends its request as", ({ requestHops: [first], ...flow }) => wire({ ...flow, requestHops: [] }, first)],
];
