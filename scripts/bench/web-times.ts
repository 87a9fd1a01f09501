import { Mark, timesChart } from "./chart-times";
import { describeMachine, Machine } from "./machine";
import { Evidence, lengthOf, WEB_PATHS, WebRun } from "./web-cases";

/** Of 100 ms in which a machine of the lab could run, so many without a processor are shown. */
const SHOWN_WAIT = 0.5;

/** Every request of one run of each server, with what the machines did meanwhile. */
export function timesPicture(machine: Machine, runs: readonly WebRun[]): string {
  const [first] = runs;
  const way = first === undefined ? "" : `${WEB_PATHS[first.path].title}, keep-alive ${first.keepAlive ? "on" : "off"}`;
  return timesChart({
    title: "Time of each request of the first run",
    subtitle: `${way}; in guests on ${describeMachine(machine)}`,
    x: "seconds since the first request",
    y: "milliseconds",
    panels: runs.map(({ server, requests, evidence }) => ({
      name: server,
      points: requests.map((request) => [request.start / 1000, lengthOf(request)] as const),
      marks: {
        "a machine waits for the host": evidence.flatMap(waiting),
        "a segment sent again": evidence.flatMap(resent),
      },
    })),
  });
}

function resent({ guest }: Evidence): Mark[] {
  return joined(guest.filter(({ retransmissions, from }) => retransmissions > 0 && from >= 0));
}

function waiting({ host }: Evidence): Mark[] {
  return joined(host.filter(({ waited, from, to }) => from >= 0 && waited > SHOWN_WAIT * (to - from)));
}

/** In seconds; neighbours are one mark, so that a picture is not larger than it has to be. */
function joined(marks: readonly Mark[]): Mark[] {
  const all: Mark[] = [];
  for (const { from, to } of marks) {
    const last = all.at(-1);
    if (last?.to === from / 1000) all[all.length - 1] = { from: last.from, to: to / 1000 };
    else all.push({ from: from / 1000, to: to / 1000 });
  }
  return all;
}
