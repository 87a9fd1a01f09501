import { Step } from "./guest";
import { WEB_PATHS, WebCase, WebPlan, WebRequest } from "./web-cases";

/** Where the load generator is on the client. */
export const OHA = "/usr/local/bin/oha";
/** Requests at the same time, as in the case that this bench began with. */
export const CONNECTIONS = 4;
/** Before each run, so that the picture is in memory and each process of the server has answered. */
const WARM_UP = 20;
/** After which a run that does not end is given up. */
const DEADLINE = "30m";

export function webStep({ server, path, keepAlive }: WebCase, { servers }: WebPlan, requests: number): Step {
  const { address, port } = WEB_PATHS[path];
  const index = servers.findIndex(({ name }) => name === server);
  const options = [
    `--connect-to ${server}.bench:80:${address}:${port(index)}`,
    "--latency-correction --no-tui --output-format csv",
    ...(keepAlive ? [] : ["--disable-keepalive"]),
  ].join(" ");
  const oha = (number: number): string =>
    `timeout ${DEADLINE} ${OHA} -n ${number} -c ${CONNECTIONS} ${options} http://${server}.bench/picture.png`;
  return { files: {}, prepare: oha(WARM_UP), run: oha(requests) };
}

/** What oha tells of each request that was answered. */
export interface OhaAnswers {
  readonly requests: readonly WebRequest[];
  readonly seconds: number;
  readonly bytes: number;
  readonly errors: number;
}

const HEAD = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status";

/**
 * @param asked so many requests: those that are missing failed
 * @throws Error where oha printed something else, or there was no answer at all
 */
export function readOha(output: string, asked: number): OhaAnswers {
  const [head, ...lines] = output.trimEnd().split("\n");
  if (head !== HEAD) throw new Error(`oha did not tell of its requests, but: ${output.slice(0, 500)}`);
  const rows = lines.map((line) => line.split(",").map(Number)).filter(([, , , , , , status]) => status === 200);
  // They are in the order of their start.
  const [first = 0] = rows[0] ?? [];
  const requests = rows.map(([start = NaN, , dialup = NaN, firstByte = NaN, whole = NaN]): WebRequest => ({
    start: milliseconds(start - first),
    setUp: milliseconds(dialup),
    wait: milliseconds(firstByte - dialup),
    transfer: milliseconds(whole - firstByte),
  }));
  const [bytes = 0] = rows.map((row) => row[5] ?? 0);
  if (bytes === 0) throw new Error(`there was no answer with a picture: ${output.slice(0, 500)}`);
  // A picture that is cut short is no answer.
  const whole = requests.filter((_, index) => rows[index]?.[5] === bytes);
  const ends = whole.map(({ start, setUp, wait, transfer }) => start + setUp + wait + transfer);
  return { requests: whole, seconds: maximum(ends) / 1000, bytes, errors: asked - whole.length };
}

/** To a microsecond. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1000;
}

function maximum(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
