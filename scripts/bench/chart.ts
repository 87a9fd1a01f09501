import { init } from "echarts";

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
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const GRID = { left: 80, right: 40, top: 100, bottom: 60 };

/** How times grow with the size, on logarithmic axes: what is linear is a straight line as steep as the axes' own diagonal. */
export function growthChart({ title, subtitle, x, y, curves }: GrowthChart): string {
  const axis = { type: "log", nameLocation: "middle", nameTextStyle: { fontSize: 13 } } as const;
  const format = (value: number): string => value.toLocaleString("en");
  return svg({
    title: { text: title, subtext: subtitle, left: "center", top: 10 },
    legend: { top: 66, data: curves.map(({ name }) => name) },
    grid: GRID,
    xAxis: { ...axis, name: x, nameGap: 32, ...rangeOf(curves, 0), axisLabel: { formatter: format } },
    yAxis: { ...axis, name: y, nameGap: 55, ...rangeOf(curves, 1), axisLabel: { formatter: format } },
    series: curves.flatMap(({ name, runs, medians }, index) => {
      const color = COLORS[index % COLORS.length];
      return [
        { name, type: "line" as const, data: medians.map(mutable), symbol: "none", color, lineStyle: { width: 2 } },
        { type: "scatter" as const, data: runs.map(mutable), symbolSize: 6, itemStyle: { color, opacity: 0.5 } },
      ];
    }),
  });
}

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
function svg(option: Parameters<ReturnType<typeof init>["setOption"]>[0]): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  chart.setOption({ animation: false, backgroundColor: "#ffffff", ...option });
  const text = chart.renderToSVGString();
  chart.dispose();
  return `${text}\n`;
}
