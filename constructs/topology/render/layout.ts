import { Box, Edge, End, Graph, Told, TIERS } from "./graph";
import { shortened, textWidth } from "./text-width";

export const TITLE_SIZE = 13;
export const LINE_SIZE = 11;
const LINE_HEIGHT = 15;
const TITLE_HEIGHT = 20;
const PADDING = 12;
const BETWEEN_BOXES = 18;
const MARGIN = 16;
/** Where edges bend, left of where they carry their text. */
const BEND = 52;
const ARROW = 14;
/** Room for what the living picture writes: `12.3/s, 1234 open`, and the state of a machine. */
const LIVE_LABEL = 130;
const LIVE_STATE = 84;
const LIVE_ROW_WIDTH = 150;

export interface Text {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

export interface PlacedRow {
  readonly id: string;
  readonly y: number;
  readonly height: number;
  readonly lines: readonly Text[];
}

export interface PlacedBox extends Omit<Box, "rows" | "lines" | "title"> {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: Text;
  readonly lines: readonly Text[];
  readonly rows: readonly PlacedRow[];
}

export interface PlacedEdge extends Omit<Edge, "label"> {
  readonly path: string;
  /** Above the line, before its arrow. */
  readonly label: Text;
  /** Where the living picture writes, below the line. */
  readonly live: { readonly x: number; readonly y: number };
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly PlacedEdge[];
  readonly told: readonly string[];
}

interface Column {
  readonly boxes: readonly Box[];
  readonly width: number;
  /** Between the line's bend and its arrow. */
  readonly labels: number;
}

/** Places boxes in columns by tier, the rest below; edges bend right of their source and are straight where their text is. */
export function layOut(graph: Graph, live: boolean): Layout {
  const columns = TIERS.map((kinds) => columnOf(graph, kinds, live)).filter(({ boxes }) => boxes.length > 0);
  const aside = graph.boxes.filter(({ kind }) => !TIERS.flat().includes(kind));
  const heights = columns.map(({ boxes }) => stackHeight(boxes));
  const tallest = Math.max(0, ...heights);
  const placed: PlacedBox[] = [];
  const places: { x: number; right: number; bottom: number }[] = [];
  let x = MARGIN;
  columns.forEach(({ boxes, width, labels }, index) => {
    if (index > 0) x += BEND + labels;
    let y = MARGIN + Math.round((tallest - (heights[index] ?? 0)) / 2);
    for (const box of boxes) {
      const one = placeBox(box, x, y, width);
      placed.push(one);
      y += one.height + BETWEEN_BOXES;
    }
    places.push({ x, right: x + width, bottom: y - BETWEEN_BOXES });
    x += width;
  });
  const detours = new Detours(places);
  const edges = graph.edges.map((edge) => placeEdge(edge, placed, columns, detours));
  const below = Math.max(MARGIN + tallest, ...detours.bottoms);
  const lane = below + (graph.told.length > 0 ? 22 + graph.told.length * 8 : aside.length > 0 ? 30 : 0);
  let right = MARGIN;
  for (const box of aside) {
    const one = placeBox(box, right, lane, boxWidth(box, live));
    placed.push(one);
    right += one.width + 24;
  }
  const told = graph.told.map((one, index) => toldPath(one, index, placed, below + 14 + index * 8));
  const bottom = Math.max(below, ...placed.map((box) => box.y + box.height));
  return {
    width: Math.max(x, right - 24) + MARGIN,
    height: bottom + MARGIN,
    boxes: placed,
    edges,
    told: told.filter((path) => path !== ""),
  };
}

function columnOf({ boxes, edges }: Graph, kinds: readonly string[], live: boolean): Column {
  // What a cluster tells comes from below, so what nothing is told of is above.
  const own = [...kinds].reverse().flatMap((kind) => boxes.filter((box) => box.kind === kind));
  const ids = new Set(own.map(({ id }) => id));
  const coming = edges.filter(({ to }) => ids.has(to.box));
  const widths = coming.map(({ label, flow }) =>
    Math.max(textWidth(shortened(label), LINE_SIZE), live && flow !== undefined ? LIVE_LABEL : 0),
  );
  return {
    boxes: own,
    width: Math.max(...own.map((box) => boxWidth(box, live))),
    labels: Math.max(0, ...widths) + ARROW + 6,
  };
}

function boxWidth({ title, lines, rows, kind }: Box, live: boolean): number {
  const hasState = live && kind !== "route" && kind !== "elsewhere";
  return (
    Math.max(
      textWidth(shortened(title), TITLE_SIZE) + (hasState ? LIVE_STATE : 0),
      ...[...lines, ...rows.flatMap((row) => row.lines)].map((line) => textWidth(shortened(line), LINE_SIZE)),
      live && kind === "server" ? LIVE_ROW_WIDTH : 0,
      70,
    ) +
    2 * PADDING
  );
}

function rowHeight(lines: number): number {
  return lines * LINE_HEIGHT + 10;
}

function headHeight({ lines }: Box): number {
  return PADDING + TITLE_HEIGHT - 6 + lines.length * LINE_HEIGHT + 6;
}

function boxHeight(box: Box): number {
  return headHeight(box) + box.rows.reduce((sum, { lines }) => sum + rowHeight(Math.max(2, lines.length)), 0) + 4;
}

function stackHeight(boxes: readonly Box[]): number {
  return boxes.reduce((sum, box) => sum + boxHeight(box) + BETWEEN_BOXES, -BETWEEN_BOXES);
}

function placeBox(box: Box, x: number, y: number, width: number): PlacedBox {
  const left = x + PADDING;
  let below = y + headHeight(box);
  const rows = box.rows.map(({ id, lines }): PlacedRow => {
    const height = rowHeight(Math.max(2, lines.length));
    const first = below + (height - lines.length * LINE_HEIGHT) / 2 + 11;
    const row = {
      id,
      y: below,
      height,
      lines: lines.map((text, index) => ({ x: left, y: first + index * LINE_HEIGHT, text: shortened(text) })),
    };
    below += height;
    return row;
  });
  const { id, kind, machines } = box;
  return {
    ...{ id, kind, machines, x, y, width, rows },
    height: boxHeight(box),
    title: { x: left, y: y + PADDING + 10, text: shortened(box.title) },
    lines: box.lines.map((text, index) => ({
      x: left,
      y: y + PADDING + 10 + (index + 1) * LINE_HEIGHT + 1,
      text: shortened(text),
    })),
  };
}

/** The height at which an edge meets a box: in the middle of its row, else of its title. */
function heightOf({ box, row }: End, boxes: readonly PlacedBox[]): { box: PlacedBox; y: number } {
  const found = boxes.find(({ id }) => id === box);
  if (found === undefined) throw new Error(`assumption broken: no box ${box}`);
  const at = found.rows.find(({ id }) => id === row);
  return { box: found, y: at === undefined ? found.y + PADDING + 6 : at.y + at.height / 2 };
}

function placeEdge(edge: Edge, boxes: readonly PlacedBox[], columns: readonly Column[], detours: Detours): PlacedEdge {
  const from = heightOf(edge.from, boxes);
  const to = heightOf(edge.to, boxes);
  const columnOfBox = (id: string): number => columns.findIndex((column) => column.boxes.some((box) => box.id === id));
  const end = columnOfBox(to.box.id);
  const straight = to.box.x - (columns[end]?.labels ?? 0);
  const lanes = detours.around(columnOfBox(from.box.id), end, `${edge.from.box} ${edge.from.row ?? ""}`);
  let path = `M${from.box.x + from.box.width} ${from.y}`;
  let [x, y] = [from.box.x + from.box.width, from.y];
  for (const lane of lanes) {
    path += bend(x, y, lane.x, lane.y) + `H${lane.right}`;
    [x, y] = [lane.right, lane.y];
  }
  path += `${bend(x, y, straight, to.y)}H${to.box.x - 2}`;
  const { label, ...rest } = edge;
  return {
    ...rest,
    path,
    label: { x: straight + 4, y: to.y - 5, text: shortened(label) },
    live: { x: straight + 4, y: to.y + 13 },
  };
}

function bend(x: number, y: number, toX: number, toY: number): string {
  const middle = Math.round((x + toX) / 2);
  return y === toY ? `H${toX}` : `C${middle} ${y} ${middle} ${toY} ${toX} ${toY}`;
}

/** Edges that pass a column go below its boxes, each source's on a level of its own. */
class Detours {
  private readonly levels = new Map<string, number>();
  readonly bottoms: number[] = [];

  constructor(private readonly places: readonly { x: number; right: number; bottom: number }[]) {}

  around(from: number, to: number, source: string): { x: number; right: number; y: number }[] {
    return this.places.slice(from + 1, to).map(({ x, right, bottom }, index) => {
      const column = from + 1 + index;
      const key = `${column} ${source}`;
      const taken = [...this.levels].filter(([each]) => each.startsWith(`${column} `)).length;
      const level = this.levels.get(key) ?? taken;
      this.levels.set(key, level);
      const y = bottom + 16 + level * 12;
      this.bottoms.push(y);
      return { x, right, y };
    });
  }
}

/** From the top of the box that tells, along a level of its own, up to the lowest box of that kind. */
function toldPath({ from, to }: Told, index: number, boxes: readonly PlacedBox[], level: number): string {
  const teller = boxes.find(({ id }) => id === from.box);
  const listeners = boxes.filter(({ kind }) => kind === to);
  const lowest = listeners.sort((a, b) => b.y - a.y)[0];
  if (teller === undefined || lowest === undefined) return "";
  const row = teller.rows.findIndex(({ id }) => id === from.row);
  const start = teller.x + 24 + row * 20;
  const end = lowest.x + Math.round(lowest.width / 2) + index * 10;
  return `M${start} ${teller.y}V${level}H${end}V${lowest.y + lowest.height + 2}`;
}
