import { COLORS, svg } from "./chart";

/** What happened from one moment to another, behind the points. */
export interface Mark {
  readonly from: number;
  readonly to: number;
}

/** One picture below the other, with the same axes. */
export interface TimesChart {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
  /** Marks of one kind have one color; later kinds are drawn over earlier ones. */
  readonly panels: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
    readonly marks: Readonly<Record<string, readonly Mark[]>>;
  }[];
}

const HEAD = 100;
const PANEL = 220;
const FOOT = 60;
const GAP = 34;
const MARK_COLORS = ["#999999", "#d55e00"];

/** Single measurements over time, on a logarithmic axis, with what the machines did meanwhile. */
export function timesChart({ title, subtitle, x, y, panels }: TimesChart): string {
  const values = panels.flatMap(({ points }) => points.map(([, value]) => value));
  const range = {
    min: 10 ** Math.floor(Math.log10(Math.min(...values))),
    max: 10 ** Math.ceil(Math.log10(Math.max(...values))),
  };
  const end = Math.ceil(Math.max(...panels.flatMap(({ points }) => points.map(([at]) => at))));
  const kinds = [...new Set(panels.flatMap(({ marks }) => Object.keys(marks)))];
  const colorOf = (kind: string): string => MARK_COLORS[kinds.indexOf(kind) % MARK_COLORS.length] ?? "#999999";
  return svg(
    {
      title: { text: title, subtext: subtitle, left: "center", top: 10 },
      legend: { itemGap: 32, top: 60, data: [...panels.map(({ name }) => name), ...kinds] },
      grid: panels.map((_, index) => ({ left: 80, right: 40, top: HEAD + index * PANEL, height: PANEL - GAP })),
      xAxis: panels.map((_, index) => ({
        gridIndex: index,
        type: "value" as const,
        max: end,
        ...(index === panels.length - 1 && { name: x, nameLocation: "middle" as const, nameGap: 28 }),
      })),
      yAxis: panels.map((_, index) => ({
        gridIndex: index,
        type: "log" as const,
        ...range,
        name: y,
        nameLocation: "middle" as const,
        nameGap: 50,
      })),
      series: panels.flatMap(({ name, points, marks }, index) => [
        {
          name,
          type: "scatter" as const,
          xAxisIndex: index,
          yAxisIndex: index,
          symbolSize: 4,
          color: COLORS[(2 * index) % COLORS.length],
          data: points.map(([at, value]) => [at, value]),
          z: 3,
        },
        ...kinds.map((kind) => ({
          name: kind,
          type: "scatter" as const,
          xAxisIndex: index,
          yAxisIndex: index,
          color: colorOf(kind),
          data: [],
          markArea: {
            silent: true,
            itemStyle: { color: colorOf(kind), opacity: 0.35 },
            data: (marks[kind] ?? []).map(({ from, to }): [{ xAxis: number }, { xAxis: number }] => [
              { xAxis: from },
              // A short one is seen, too.
              { xAxis: Math.max(to, from + end / 500) },
            ]),
          },
        })),
      ]),
    },
    HEAD + panels.length * PANEL + FOOT - GAP,
  );
}
