import { CustomSeriesOption, init } from "echarts";
import { Summary } from "./statistics";

/** Measurements of one candidate: each run is a dot, and the medians are joined by a line. */
export interface Curve {
  readonly name: string;
  readonly runs: readonly Point[];
  readonly medians: readonly Point[];
}

export type Point = readonly [x: number, y: number];

export interface GrowthChart {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
}

const SIZE = { width: 760, height: 460 };
/** Apart for the color-blind as well. */
export const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/** Names may be wider than is known where no browser measures them. */
const LEGEND = { itemGap: 32 };
const GRID = { left: 80, right: 40, top: 100, bottom: 60 };

/** How times grow with the size, on logarithmic axes: what is linear is a straight line as steep as the axes' own diagonal. */
export function growthChart({ title, subtitle, x, y, curves }: GrowthChart): string {
  const axis = { type: "log", nameLocation: "middle", nameTextStyle: { fontSize: 13 } } as const;
  const format = (value: number): string => value.toLocaleString("en");
  const more = legendHeight(curves);
  const option: Parameters<typeof svg>[0] = {
    title: { text: title, subtext: subtitle, left: "center", top: 10 },
    legend: { ...LEGEND, top: 66, data: curves.map(({ name }) => name) },
    grid: { ...GRID, top: GRID.top + more },
    xAxis: { ...axis, name: x, nameGap: 32, ...rangeOf(curves, 0), axisLabel: { formatter: format } },
    yAxis: { ...axis, name: y, nameGap: 55, ...rangeOf(curves, 1), axisLabel: { formatter: format } },
    series: curves.flatMap(({ name, runs, medians }, index) => {
      const color = COLORS[index % COLORS.length];
      return [
        { name, type: "line" as const, data: medians.map(mutable), symbol: "none", color, lineStyle: { width: 2 } },
        { type: "scatter" as const, data: runs.map(mutable), symbolSize: 6, itemStyle: { color, opacity: 0.5 } },
      ];
    }),
  };
  return svg(option, SIZE.height + more);
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly y: string;
  readonly groups: readonly string[];
  /** Each with a value for each group. */
  readonly bars: readonly { readonly name: string; readonly values: readonly Summary[] }[];
}

/** Bars of medians, each with a line from the least to the most. */
export function barChart({ title, subtitle, y, groups, bars }: BarChart): string {
  const more = legendHeight(bars);
  const option: Parameters<typeof svg>[0] = {
    title: { text: title, subtext: subtitle, left: "center", top: 10 },
    legend: { ...LEGEND, top: 66, data: bars.map(({ name }) => name) },
    grid: { ...GRID, top: GRID.top + more, bottom: 110 },
    xAxis: { type: "category", data: [...groups], axisLabel: { interval: 0, rotate: 30 } },
    // Also what is only in a line has to fit.
    yAxis: {
      type: "value",
      name: y,
      nameLocation: "middle",
      nameGap: 45,
      nameTextStyle: { fontSize: 13 },
      max: Math.ceil(2 * Math.max(...bars.flatMap(({ values }) => values.map(({ most }) => most)))) / 2,
    },
    series: bars.flatMap(({ name, values }, index) => {
      const color = COLORS[index % COLORS.length];
      const spread = values.map(({ least, most }, group) => [group, least, most]);
      return [
        { name, type: "bar" as const, data: values.map(({ median }) => median), color },
        { type: "custom" as const, data: spread, renderItem: spreadOf(index, bars.length), z: 10 },
      ];
    }),
  };
  return svg(option, SIZE.height + more);
}

/** Of the lines of a legend after the first: a name takes some 6.3 pixels for each character, and 57 for its mark and the gap. */
function legendHeight(named: readonly { readonly name: string }[]): number {
  const width = named.reduce((sum, { name }) => sum + 6.3 * name.length + 57, 0);
  return 44 * (Math.ceil(width / (SIZE.width - 60)) - 1);
}

type RenderItem = NonNullable<CustomSeriesOption["renderItem"]>;

/** The line of one bar among those of its group. */
function spreadOf(bar: number, bars: number): RenderItem {
  return (_, api) => {
    const layouts = api.barLayout({ count: bars }) ?? [];
    const offsetCenter = layouts[bar]?.offsetCenter ?? 0;
    const [middle = 0, low = 0] = api.coord([api.value(0), api.value(1)]);
    const [, high = 0] = api.coord([api.value(0), api.value(2)]);
    const x = middle + offsetCenter;
    return { type: "line", shape: { x1: x, y1: low, x2: x, y2: high }, style: { stroke: "#000000", lineWidth: 1.5 } };
  };
}

export interface PercentileChart {
  readonly title: string;
  readonly subtitle: string;
  readonly y: string;
  readonly percentiles: readonly string[];
  readonly curves: readonly PercentileCurve[];
}

export interface PercentileCurve {
  readonly name: string;
  /** One for each percentile; NaN where too little was measured to tell. */
  readonly values: readonly number[];
  /** Curves of one group have one color, and differ in their lines. @default - a group of its own */
  readonly group?: number;
}

/** Curves of the same color one after the other. */
const LINES = ["solid", "dashed", "dotted", [14, 4, 2, 4]];

/** Distributions, on a logarithmic axis, with the rare values as wide as the common ones. */
export function percentileChart({ title, subtitle, y, percentiles, curves }: PercentileChart): string {
  const colors = curves.map(({ group }, index) => (group ?? index) % COLORS.length);
  return svg({
    title: { text: title, subtext: subtitle, left: "center", top: 10 },
    legend: { orient: "vertical", right: 40, top: "middle", data: curves.map(({ name }) => name) },
    grid: { ...GRID, right: 280, top: 80 },
    xAxis: { type: "category", data: percentiles.map((each) => `p${each}`), boundaryGap: false },
    yAxis: { type: "log", name: y, nameLocation: "middle", nameGap: 55, nameTextStyle: { fontSize: 13 } },
    series: curves.map(({ name, values }, index) => ({
      name,
      type: "line" as const,
      data: values.map((value) => (Number.isNaN(value) ? null : value)),
      symbolSize: 5,
      color: COLORS[colors[index] ?? 0],
      lineStyle: {
        width: 2,
        type: LINES[colors.slice(0, index).filter((each) => each === colors[index]).length % LINES.length],
      },
    })),
  });
}

export interface GanttChart {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  /** Bars of one kind have one color. Rows are in the order in which they come first. */
  readonly bars: readonly { readonly row: string; readonly kind: string; readonly from: number; readonly to: number }[];
}

/** What was done when, row by row from the top. */
export function ganttChart({ title, subtitle, x, bars }: GanttChart): string {
  const rows = [...new Set(bars.map(({ row }) => row))];
  const kinds = [...new Set(bars.map(({ kind }) => kind))];
  const end = Math.max(...bars.map(({ to }) => to));
  return svg({
    title: { text: title, subtext: subtitle, left: "center", top: 10 },
    legend: { ...LEGEND, top: 60, data: kinds },
    grid: { ...GRID, left: 210, top: 100 },
    xAxis: { type: "value", name: x, nameLocation: "middle", nameGap: 32, max: Math.ceil(end) },
    yAxis: { type: "category", data: rows, inverse: true },
    series: kinds.map((kind, index) => ({
      name: kind,
      type: "custom" as const,
      color: COLORS[index % COLORS.length],
      renderItem: drawBar,
      data: bars.filter((bar) => bar.kind === kind).map(({ row, from, to }) => [rows.indexOf(row), from, to]),
    })),
  });
}

const drawBar: RenderItem = (_, api) => {
  const [left = 0, y = 0] = api.coord([api.value(1), api.value(0)]);
  const [right = 0] = api.coord([api.value(2), api.value(0)]);
  const size = api.size?.([0, 1]);
  const height = 0.6 * (Array.isArray(size) ? (size[1] ?? 20) : 20);
  // A short one is seen, too.
  const shape = { x: left, y: y - height / 2, width: Math.max(1, right - left), height };
  return { type: "rect", shape, style: { fill: api.visual("color") } };
};

/** Whole decades, so that both axes have a line at each of their ends. */
function rangeOf(curves: readonly Curve[], dimension: 0 | 1): { min: number; max: number } {
  const values = curves.flatMap(({ runs }) => runs.map((point) => point[dimension]));
  return {
    min: 10 ** Math.floor(Math.log10(Math.min(...values))),
    max: 10 ** Math.ceil(Math.log10(Math.max(...values))),
  };
}

function mutable([x, y]: Point): [number, number] {
  return [x, y];
}

/** A picture that brings its own background, for light and dark pages. */
export function svg(option: Parameters<ReturnType<typeof init>["setOption"]>[0], height = SIZE.height): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...SIZE, height });
  chart.setOption({ animation: false, backgroundColor: "#ffffff", ...option });
  const text = chart.renderToSVGString();
  chart.dispose();
  return `${text}\n`;
}
