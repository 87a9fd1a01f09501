import { Layout, LINE_SIZE, PlacedBox, PlacedEdge, Text, TITLE_SIZE } from "./layout";

export interface SvgText {
  /** Of the picture, for who can't see it. */
  readonly title: string;
  readonly description: string;
}

/** A layout as SVG: text as text, light and dark, no font that has to be there. */
export function renderSvg({ width, height, boxes, edges, told }: Layout, { title, description }: SvgText): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="topology" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="topology-title topology-description">`,
    `<title id="topology-title">${escaped(title)}</title>`,
    `<desc id="topology-description">${escaped(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...told.map((path) => `<path class="told" d="${path}" marker-end="url(#arrow)"/>`),
    ...edges.map(edgeOf),
    ...boxes.map(boxOf),
    "</svg>\n",
  ].join("\n");
}

function edgeOf({ id, path, label, live, many, flow }: PlacedEdge): string {
  const words = label.text === "" ? "" : textOf("label", label);
  const counted = flow === undefined ? "" : `<text class="live" x="${live.x}" y="${live.y}"></text>`;
  return `<g id="${id}" class="edge${many ? " many" : ""}"><path d="${path}" marker-end="url(#arrow)"/>${words}${counted}</g>`;
}

function boxOf({ id, kind, x, y, width, height, title, lines, rows, machines }: PlacedBox): string {
  const many = machines.length > 1 && kind !== "cluster" && kind !== "job";
  const behind = many
    ? [`<rect class="behind" x="${x + 4}" y="${y + 4}" width="${width}" height="${height}" rx="8"/>`]
    : [];
  return [
    `<g id="${id}" class="box ${kind}">`,
    ...behind,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
    textOf("name", title),
    `<text class="state" x="${x + width - 10}" y="${title.y}"></text>`,
    ...lines.map((line) => textOf("line", line)),
    ...rows.map(
      (row) =>
        `<g id="${row.id}" class="row"><path d="M${x} ${row.y}H${x + width}"/>${row.lines.map((line, index) => textOf(index === 0 ? "place" : "line", line)).join("")}</g>`,
    ),
    "</g>",
  ].join("\n");
}

function textOf(name: string, { x, y, text }: Text): string {
  return `<text class="${name}" x="${x}" y="${y}">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character] ?? "",
  );
}

/** Colours of GitHub's own light and dark pages; each text has a contrast of 4.5 at least on what is behind it. */
const STYLE = `
.topology { --paper: #ffffff; --box: #f6f8fa; --ink: #1f2328; --soft: #57606a; --line: #8c959f; --told: #0969da; --way: #1a7f37; --warn: #9a6700; --bad: #cf222e; font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
@media (prefers-color-scheme: dark) { .topology { --paper: #0d1117; --box: #161b22; --ink: #e6edf3; --soft: #9198a1; --line: #6e7681; --told: #58a6ff; --way: #3fb950; --warn: #d29922; --bad: #ff7b72; } }
.topology .paper { fill: var(--paper); }
.topology .box rect { fill: var(--box); stroke: var(--line); }
.topology .box.director rect { stroke: var(--told); stroke-width: 2; }
.topology .box.gateway rect { stroke: var(--way); stroke-width: 2; }
.topology .box.client rect, .topology .box.elsewhere rect { stroke-dasharray: 4 3; }
.topology .box.route rect { fill: var(--paper); }
.topology .row path { fill: none; stroke: var(--line); stroke-opacity: 0.5; }
.topology text { fill: var(--ink); font-size: ${LINE_SIZE}px; }
.topology .name { font-size: ${TITLE_SIZE}px; font-weight: 600; }
.topology .line, .topology .label { fill: var(--soft); }
.topology .state { text-anchor: end; font-weight: 600; }
.topology .live { font-weight: 600; }
.topology .edge path { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.topology .edge.many path { stroke-width: 3; }
.topology .told { fill: none; stroke: var(--told); stroke-width: 1.5; stroke-dasharray: 5 4; }
.topology .head { fill: var(--soft); stroke: none; }
`;
