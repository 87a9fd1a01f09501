import { changesOf, Flow, Hop, ownerOf, socketText } from "./flow";

/** One half of the picture. */
export interface Panel {
  readonly title: string;
  readonly subtitle: string;
  readonly flow: Flow;
}

// Everything in px. Text is measured by the widest of the usual fonts, so it fits in all of them.
const LANE = 198;
const BOX = { width: 164, height: 96 };
const MARGIN = 16;
const PANEL_WIDTH = 2 * LANE + BOX.width + 2 * MARGIN;
const TOP = 74;
const ROWS = TOP + BOX.height + 14;
const ROW = 98;
const SUMMARY = 88;
const FOOTER = 40;

/** A sequence diagram a panel, side by side, as SVG that brings its own background for light and dark pages. */
export function renderPicture(title: string, panels: readonly Panel[]): string {
  const rows = Math.max(...panels.map(({ flow }) => flow.requestHops.length + flow.replyHops.length));
  const summaryTop = ROWS + rows * ROW + 16;
  const width = panels.length * PANEL_WIDTH + (panels.length + 1) * MARGIN;
  const height = summaryTop + SUMMARY + FOOTER;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="desc">${escape(panels.map(describe).join(" "))}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs>${ARROW_HEADS}</defs>`,
    `<rect class="page" width="${width}" height="${height}" rx="10"/>`,
    ...panels.map((panel, index) => {
      const x = MARGIN + index * (PANEL_WIDTH + MARGIN);
      return `<g transform="translate(${x} 0)">\n${renderPanel(panel, { rows, summaryTop }).join("\n")}\n</g>`;
    }),
    text(width / 2, height - 15, "note", [{ text: FOOTNOTE }], "middle"),
    "</svg>",
    "",
  ].join("\n");
}

const FOOTNOTE =
  "from, to: IP addresses and ports. MAC: the frame's sender and receiver. Orange: what the director changed. " +
  "port: the client's own port, the same one in every hop.";

function renderPanel(panel: Panel, { rows, summaryTop }: { rows: number; summaryTop: number }): string[] {
  const { flow } = panel;
  const names = flow.machines.map(({ name }) => name);
  const steps = [
    ...flow.requestHops.map((hop, index) => ({ hop, before: flow.requestHops[index - 1], message: flow.request })),
    ...flow.replyHops.map((hop, index) => ({ hop, before: flow.replyHops[index - 1], message: flow.reply })),
  ];
  return [
    `<rect class="panel" y="${MARGIN}" width="${PANEL_WIDTH}" height="${summaryTop + SUMMARY - MARGIN}" rx="8"/>`,
    text(PANEL_WIDTH / 2, 42, "title", [{ text: panel.title }], "middle"),
    text(PANEL_WIDTH / 2, 61, "note", [{ text: panel.subtitle }], "middle"),
    ...names.map((_, lane) => line("lifeline", laneX(lane), TOP + BOX.height, laneX(lane), ROWS + rows * ROW)),
    ...flow.machines.flatMap((machine, lane) => renderMachine(flow, machine, lane)),
    ...steps.flatMap(({ hop, before, message }, row) =>
      renderHop(flow, {
        hop,
        before,
        message,
        number: row + 1,
        lanes: [names.indexOf(hop.from), names.indexOf(hop.to)],
      }),
    ),
    ...summaryOf(flow).map(([label, fact], index) =>
      text(MARGIN + 4, summaryTop + 22 + index * 22, "fact", [{ text: `${label} `, style: "strong" }, { text: fact }]),
    ),
  ];
}

function renderMachine(flow: Flow, { name, interfaces }: Flow["machines"][number], lane: number): string[] {
  const x = laneX(lane);
  const role = name === flow.server ? "real server" : name === flow.client ? "client" : "director";
  const loopbackLast = [...interfaces].sort((a, b) => Number(a.name === "lo") - Number(b.name === "lo"));
  const addresses = loopbackLast.flatMap((nic) => nic.addresses.map((address) => ({ nic: nic.name, address })));
  return [
    `<rect class="machine" x="${x - BOX.width / 2}" y="${TOP}" width="${BOX.width}" height="${BOX.height}" rx="6"/>`,
    text(x, TOP + 22, "name", [{ text: name === role ? name : `${name}, ${role}` }], "middle"),
    ...addresses.map(({ nic, address }, index) =>
      text(x - BOX.width / 2 + 9, TOP + 43 + index * 17, "address", [
        { text: `${nic.padEnd(4)} ${address}` },
        ...(address === flow.vip ? [{ text: " VIP", style: "strong" }] : []),
      ]),
    ),
  ];
}

interface Step {
  readonly hop: Hop;
  readonly before?: Hop;
  readonly message: string;
  /** From 1. */
  readonly number: number;
  readonly lanes: readonly [from: number, to: number];
}

/** The arrow, and above it what is on the wire. A label stands beside the sender, where one lane is always free. */
function renderHop(flow: Flow, { hop, before, message, number, lanes: [from, to] }: Step): string[] {
  const y = ROWS + number * ROW - 10;
  const right = to > from;
  const kind = flow.requestHops.includes(hop) ? "request" : "reply";
  const labelX = (right ? laneX(from) : laneX(from - 1)) + 14;
  const changed = changesOf(hop, before);
  const lines = [
    { text: `from ${socketText(flow, hop.source)}`, style: changed.source ? "changed" : "" },
    { text: `to   ${socketText(flow, hop.target)}`, style: changed.target ? "changed" : "" },
    { text: `MAC  ${hop.from} → ${hop.to}`, style: before === undefined ? "" : "changed" },
  ];
  const passed = Array.from({ length: Math.abs(to - from) - 1 }, (_, index) => Math.min(from, to) + index + 1);
  return [
    `<circle class="number ${kind}" cx="${labelX + 8}" cy="${y - 67}" r="9"/>`,
    text(labelX + 8, y - 62.5, "digit", [{ text: String(number) }], "middle"),
    text(labelX + 23, y - 62, `message ${kind}`, [{ text: message }]),
    ...lines.map((each, index) => text(labelX, y - 43 + index * 16, "wire", [each])),
    `<path class="arrow ${kind}" d="${arrowPath({ from, to, passed, y })}" marker-end="url(#${kind})"/>`,
    ...passed.map((lane) => text(laneX(lane) - 12, y - 20, "note", [{ text: `past the ${flow.director}` }], "end")),
  ];
}

/** Straight, with a bow over each lane that it passes without touching. */
function arrowPath({ from, to, passed, y }: { from: number; to: number; passed: number[]; y: number }): string {
  const way = to > from ? 1 : -1;
  const bows = [...passed]
    .sort((a, b) => way * (a - b))
    .map((lane) => `H${laneX(lane) - way * 9} a9 9 0 0 ${way > 0 ? 1 : 0} ${way * 18} 0`);
  return [`M${laneX(from)} ${y}`, ...bows, `H${laneX(to) - way * 3}`].join(" ");
}

/** What the hops say, for those who don't read arrows. */
function summaryOf(flow: Flow): [label: string, fact: string][] {
  const last = flow.requestHops.at(-1);
  if (last === undefined) throw new Error("a flow without a request");
  const viaDirector = flow.replyHops.some(({ to }) => to === flow.director);
  const rewrites = [...rewritten(flow.requestHops, "requests"), ...rewritten(flow.replyHops, "replies")];
  return [
    [`${flow.server} sees:`, `from ${ownerOf(flow, last.source.address)}, to ${ownerOf(flow, last.target.address)}`],
    ["Replies:", viaDirector ? `through the ${flow.director}` : `straight to the ${flow.client}`],
    ["Rewritten:", rewrites.length > 0 ? rewrites.join(", ") : "no address, no port; only the MAC address changes"],
  ];
}

function rewritten(hops: readonly Hop[], messages: string): string[] {
  const changes = hops.map((hop, index) => changesOf(hop, hops[index - 1]));
  return [
    ...(changes.some(({ source }) => source) ? [`the source of ${messages}`] : []),
    ...(changes.some(({ target }) => target) ? [`the destination of ${messages}`] : []),
  ];
}

function describe({ title, flow }: Panel): string {
  const hops = [...flow.requestHops, ...flow.replyHops].map(
    (hop) => `${hop.from} to ${hop.to}: ${socketText(flow, hop.source)} to ${socketText(flow, hop.target)}`,
  );
  return `${title}: ${hops.join("; ")}.`;
}

function laneX(lane: number): number {
  return MARGIN + BOX.width / 2 + lane * LANE;
}

interface Span {
  readonly text: string;
  readonly style?: string;
}

function text(x: number, y: number, style: string, spans: readonly Span[], anchor = "start"): string {
  const content = spans.map((span) =>
    span.style ? `<tspan class="${span.style}">${escape(span.text)}</tspan>` : escape(span.text),
  );
  return `<text class="${style}" x="${x}" y="${y}" text-anchor="${anchor}" xml:space="preserve">${content.join("")}</text>`;
}

function line(style: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${style}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

function escape(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const ARROW_HEADS = ["request", "reply"]
  .map(
    (kind) =>
      `<marker id="${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto"><path class="head ${kind}" d="M0 0 10 5 0 10z"/></marker>`,
  )
  .join("");

const SANS = '"DejaVu Sans", Verdana, "Segoe UI", Helvetica, Arial, sans-serif';
const MONO = '"DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace';

const STYLE = `
text { font-family: ${SANS}; font-size: 13px; fill: #1f2328; }
.page { fill: #ffffff; }
.panel { fill: #f6f8fa; stroke: #d0d7de; }
.machine { fill: #ffffff; stroke: #57606a; }
.lifeline { stroke: #8c959f; stroke-dasharray: 4 4; }
.title { font-size: 17px; font-weight: bold; }
.name, .message { font-weight: bold; }
.note { font-size: 12px; fill: #57606a; }
.address, .wire { font-family: ${MONO}; }
.address { font-size: 11.5px; }
.strong { font-weight: bold; }
.request { color: #0969da; }
.reply { color: #1a7f37; }
.arrow { fill: none; stroke: currentColor; stroke-width: 2; }
.head, .number, .message { fill: currentColor; }
.digit { font-size: 12px; font-weight: bold; fill: #ffffff; }
.changed { fill: #bc4c00; font-weight: bold; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .panel { fill: #161b22; stroke: #3d444d; }
  .machine { fill: #0d1117; stroke: #9198a1; }
  .lifeline { stroke: #656c76; }
  .note { fill: #9198a1; }
  .message { fill: currentColor; }
  .request { color: #58a6ff; }
  .reply { color: #3fb950; }
  .digit { fill: #0d1117; }
  .changed { fill: #f0883e; }
}
`;
