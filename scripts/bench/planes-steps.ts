import { Answers, LOADS, Percentile, PERCENTILES, PLANE_CANDIDATES, PlaneCase } from "./planes-candidates";
import { Step } from "./guest";

const SCRIPT = "/run/bench-planes.lua";

/** What wrk runs at its end: one line of JSON, latency in microseconds. */
const REPORT = `done = function(summary, latency)
  local parts = {}
  for _, percentile in ipairs({ ${PERCENTILES.join(", ")} }) do
    parts[#parts + 1] = string.format('"%s": %d', percentile, latency:percentile(percentile))
  end
  local errors = 0
  for _, count in pairs(summary.errors) do errors = errors + count end
  io.write(string.format('{ "requests": %d, "bytes": %d, "microseconds": %d, "errors": %d, "latency": { %s } }\\n',
    summary.requests, summary.bytes, summary.duration, errors, table.concat(parts, ", ")))
end
`;

/** @param seconds for which the client asks, or the fifth of it; a second of warming up comes before */
export function planeStep({ candidate, load }: PlaneCase, seconds: number): Step {
  const { connections, path, close, times } = LOADS[load];
  const header = close ? " --header 'Connection: close'" : "";
  const wrk = (duration: number): string =>
    `wrk --threads 1 --connections ${connections} --duration ${duration}s --timeout 10s --script ${SCRIPT}${header} http://${PLANE_CANDIDATES[candidate].address}${path}`;
  return { files: { [SCRIPT]: REPORT }, prepare: wrk(1), run: wrk(times * seconds) };
}

/** @throws Error where wrk had no answers at all */
export function readAnswers({ candidate, load }: PlaneCase, output: string): Answers {
  const what = `${LOADS[load].title}, ${PLANE_CANDIDATES[candidate].title}`;
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`${what}: wrk did not tell what it found:\n${output}`);
  const { requests, bytes, microseconds, errors, latency } = JSON.parse(line) as Answers & { microseconds: number };
  if (requests === 0) throw new Error(`${what}: there was no answer:\n${output}`);
  const milliseconds = PERCENTILES.map((percentile) => [percentile, latency[percentile] / 1000]);
  return {
    requests,
    bytes,
    errors,
    seconds: microseconds / 1e6,
    latency: Object.fromEntries(milliseconds) as Record<Percentile, number>,
  };
}
