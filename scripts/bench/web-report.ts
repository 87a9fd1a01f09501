import { markdownTable } from "../markdown";
import { barChart, percentileChart } from "./chart";
import { describeMachine, Machine } from "./machine";
import { count, digits, origin, spread } from "./report-words";
import { percentileOf, ratiosOf, Summary, summarize } from "./statistics";
import { WebResults } from "./web";
import { lengthOf, WEB_PATHS, WebPath, WebRun } from "./web-cases";
import { CONNECTIONS } from "./web-steps";
import { Group, Rate, SLOWEST_PERCENT, Tail, tailOf } from "./web-tail";
import { timesPicture } from "./web-times";

const PERCENTILES = [50, 90, 99, 99.9, 99.99] as const;

/** Runs that differ in their number only. */
interface Setting {
  readonly server: string;
  readonly path: WebPath;
  readonly keepAlive: boolean;
}

/** What all runs of the bench `web` tell, as tables and as pictures. */
export class WebReport {
  constructor(
    private readonly machine: Machine,
    private readonly results: WebResults,
  ) {}

  /** How the servers ran, a table of times, a table of the slowest requests, and what went wrong. */
  get text(): string {
    const { nomad } = this.results.plan;
    const pictures = this.results.runs.map(({ bytes }) => (bytes / 2 ** 20).toFixed(2));
    return [
      nomad ? "The servers ran as Docker jobs of Nomad." : "The servers ran as plain Docker containers, without Nomad.",
      "",
      `Requests of ${[...new Set(pictures)].join(", ")} MiB, ${CONNECTIONS} at the same time; of each server all runs together:`,
      "",
      this.times,
      "",
      `The slowest ${SLOWEST_PERCENT} % of the requests, and after a slash all others, with what was counted while they ran:`,
      "",
      this.tails,
      "",
      ...this.failures,
      origin("Rates and times are of guests on this machine", this.machine, this.turns),
    ].join("\n");
  }

  get pictures(): Record<string, string> {
    return { web: this.rates, "web-latency": this.distribution, "web-times": this.overTime };
  }

  private get times(): string {
    const [first] = this.servers;
    const head = ["path", "keep-alive", "server", "requests a second", `${first ?? ""} against it`];
    const percentiles = PERCENTILES.map((percent) => `p${percent}`);
    const rows = this.settings.map((setting) => {
      const lengths = this.lengthsOf(setting);
      return [
        ...named(setting),
        spread(summarize(this.ratesOf(setting)), digits(1)),
        setting.server === first ? "" : spread(this.leadOf(setting), digits(2)),
        ...PERCENTILES.map((percent) => milliseconds(percentileOf(lengths, percent))),
        milliseconds(Math.max(...lengths)),
      ];
    });
    return markdownTable([[...head, ...percentiles, "slowest"], ...rows]);
  }

  private get tails(): string {
    const head = ["path", "keep-alive", "server", "requests", "from", "connection", "first byte", "transfer"];
    const counted = [
      "sent again a second",
      "with one sent again",
      "host busy",
      "guest busy",
      "softirq",
      "cut short a second",
      "at once",
    ];
    const rows = this.settings.map((setting) => {
      const tail = tailOf(this.runsOf(setting));
      const both = (value: (group: Group) => string): string => `${value(tail.slow)} / ${value(tail.others)}`;
      const part = (name: "setUp" | "wait" | "transfer"): string =>
        both(({ parts }) => significant(parts[name])) + " ms";
      return [
        ...named(setting),
        both(({ requests }) => count(requests)),
        milliseconds(tail.from),
        part("setUp"),
        part("wait"),
        part("transfer"),
        rate(tail, "retransmissions"),
        both(({ resent }) => percent(resent)),
        // Milliseconds of a second, as a share.
        both(({ rates }) => percent(rates.hostWaited / 1000)),
        both(({ rates }) => percent(rates.queued / 1000)),
        both(({ rates }) => percent(rates.softirq / 1000)),
        rate(tail, "squeezed"),
        both(({ together }) => percent(together)),
      ];
    });
    return markdownTable([[...head, ...counted], ...rows]);
  }

  private get failures(): string[] {
    const failed = this.settings.flatMap((setting) => {
      const errors = this.runsOf(setting).reduce((sum, run) => sum + run.errors, 0);
      return errors === 0 ? [] : [`${named(setting).join(", ")}: ${errors}`];
    });
    return failed.length === 0 ? [] : [`Requests that failed (path, keep-alive, server): ${failed.join("; ")}.`, ""];
  }

  private get rates(): string {
    const ways = this.settings.filter(({ server }) => server === this.servers[0]);
    return barChart({
      title: "Requests a second, through each path",
      subtitle: `in guests on ${describeMachine(this.machine)}`,
      y: "requests a second",
      groups: ways.map(({ path, keepAlive }) => `${WEB_PATHS[path].title}, keep-alive ${word(keepAlive)}`),
      bars: this.servers.map((server) => ({
        name: server,
        values: ways.map((way) => summarize(this.ratesOf({ ...way, server }))),
      })),
    });
  }

  private get distribution(): string {
    return percentileChart({
      title: "Time of a request",
      subtitle: `of all runs together; in guests on ${describeMachine(this.machine)}`,
      y: "milliseconds",
      percentiles: PERCENTILES.map(String),
      curves: this.settings.map((setting, index) => ({
        name: `${setting.server}, ${WEB_PATHS[setting.path].title}, ${setting.keepAlive ? "keep-alive" : "no keep-alive"}`,
        // The servers of one path are side by side.
        group: Math.floor(index / this.servers.length),
        values: PERCENTILES.map((percent) => percentileOf(this.lengthsOf(setting), percent)),
      })),
    });
  }

  /** Of the first path, without keep-alive. */
  private get overTime(): string {
    const path = this.settings[0]?.path;
    return timesPicture(
      this.machine,
      this.servers.flatMap(
        (server) => this.results.runs.find((run) => run.server === server && run.path === path && !run.keepAlive) ?? [],
      ),
    );
  }

  /** How many times as many requests as this one the first server answers. */
  private leadOf(setting: Setting): Summary {
    return summarize(ratiosOf(this.ratesOf({ ...setting, server: this.servers[0] ?? "" }), this.ratesOf(setting)));
  }

  private ratesOf(setting: Setting): number[] {
    return this.runsOf(setting).map(({ requests, seconds }) => requests.length / seconds);
  }

  private lengthsOf(setting: Setting): number[] {
    return this.runsOf(setting).flatMap(({ requests }) => requests.map(lengthOf));
  }

  private runsOf({ server, path, keepAlive }: Setting): WebRun[] {
    return this.results.runs.filter((run) => run.server === server && run.path === path && run.keepAlive === keepAlive);
  }

  private get servers(): string[] {
    return this.results.plan.servers.map(({ name }) => name);
  }

  private get settings(): Setting[] {
    return this.results.runs
      .filter(({ run }) => run === 1)
      .map(({ server, path, keepAlive }) => ({ server, path, keepAlive }));
  }

  private get turns(): number {
    return Math.max(...this.results.runs.map(({ run }) => run));
  }
}

function named({ path, keepAlive, server }: Setting): string[] {
  return [WEB_PATHS[path].title, word(keepAlive), server];
}

function word(keepAlive: boolean): string {
  return keepAlive ? "on" : "off";
}

function rate({ slow, others }: Tail, name: Rate): string {
  return `${slow.rates[name].toFixed(1)} / ${others.rates[name].toFixed(1)}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function milliseconds(value: number): string {
  return Number.isNaN(value) ? "too few" : `${significant(value)} ms`;
}

/** Two digits below ten, whole numbers above: more tells nothing. */
function significant(value: number): string {
  return value >= 10 ? count(value) : value.toPrecision(2);
}
