import { ohaFile, webOrder } from "../../../scripts/bench/web";
import { Evidence, WebPath, WebPlan, WebRequest, WebRun } from "../../../scripts/bench/web-cases";
import { WebReport } from "../../../scripts/bench/web-report";
import { WEB_SERVERS, webServerOf } from "../../../scripts/bench/web-servers";
import { readOha, webStep } from "../../../scripts/bench/web-steps";
import { tailOf } from "../../../scripts/bench/web-tail";
import { beginOf, evidenceOf, Watching } from "../../../scripts/bench/web-watch";

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };
const PLAN: WebPlan = { servers: WEB_SERVERS.slice(0, 2), nomad: false, gateway: false };
const PICTURE = 2_569_291;

/** A hundred requests one after the other, of which the 51st takes ten times as long: while it runs a segment is sent again. */
function run(server: string, milliseconds: number, number: number, path: WebPath = "host"): WebRun {
  let start = 0;
  const requests = Array.from({ length: 100 }, (_, index): WebRequest => {
    const length = index === 50 ? 10 * milliseconds : milliseconds;
    const request = { start, setUp: 0.1 * length, wait: 0.2 * length, transfer: 0.7 * length };
    start += length;
    return request;
  });
  const from = 50 * milliseconds;
  const to = 60 * milliseconds;
  const quiet = { retransmissions: 0, squeezed: 0, dropped: 0, softirq: 0, queued: 0 };
  const evidence: Evidence[] = [
    {
      machine: "web",
      guest: [
        { from: 0, to: from, ...quiet },
        { from, to, ...quiet, retransmissions: 2 },
      ],
      host: [
        { from: 0, to: from, waited: 0 },
        { from, to, waited: 5 * milliseconds },
      ],
    },
  ];
  return {
    server,
    path,
    keepAlive: false,
    run: number,
    seconds: start / 1000,
    errors: 0,
    bytes: PICTURE,
    requests,
    evidence,
  };
}

const RUNS = [run("nginx", 10, 1), run("apache", 20, 1), run("nginx", 20, 2), run("apache", 20, 2)];
const REPORT = new WebReport(MACHINE, { plan: PLAN, runs: RUNS });

test("rates and their ratio are of each run, percentiles of all runs together, and none without a request beyond it", () => {
  expect(REPORT.text).toMatch(
    /\| host port +\| off +\| nginx +\| 68\.8 \(45\.9 to 91\.7\) +\| +\| 20 ms +\| 20 ms +\| 20 ms +\| too few \| too few \| 200 ms +\|/,
  );
  expect(REPORT.text).toMatch(
    /\| host port +\| off +\| apache +\| 45\.9 \(45\.9 to 45\.9\) +\| 1\.50 \(1\.00 to 2\.00\) \|/,
  );
  expect(REPORT.text).toContain("plain Docker containers, without Nomad");
  expect(REPORT.text).toContain("Requests of 2.45 MiB, 4 at the same time");
});

test("the slowest requests are told from the others by what was counted while they ran", () => {
  const { from, slow, others } = tailOf([run("nginx", 10, 1)]);
  expect(from).toBe(100);
  expect(slow).toMatchObject({ requests: 1, resent: 1, together: 0 });
  expect(others).toMatchObject({ requests: 99, resent: 0 });
  expect(slow.rates.retransmissions).toBeCloseTo(20);
  expect(slow.rates.hostWaited).toBeCloseTo(500);
  expect(others.rates.hostWaited).toBeCloseTo(0);
  expect(slow.parts.transfer).toBeCloseTo(70);
});

test("what failed is told, and pictures have all servers", () => {
  const failing = { ...run("apache", 20, 2), errors: 3 };
  const report = new WebReport(MACHINE, { plan: PLAN, runs: [...RUNS.slice(0, 3), failing] });
  expect(report.text).toContain("Requests that failed (path, keep-alive, server): host port, off, apache: 3.");
  const { web, "web-latency": latency, "web-times": times } = REPORT.pictures;
  for (const picture of [web, latency, times]) {
    expect(picture).toMatch(/^<svg /);
    expect(picture).toContain(">nginx");
    expect(picture).toContain(">apache");
  }
  expect(times).toContain(">a segment sent again");
});

test("servers take turns, the gateway only where it is", () => {
  const order = webOrder(PLAN, { runs: 2 });
  expect(order).toHaveLength(16);
  expect(order.slice(0, 3)).toEqual([
    { server: "nginx", path: "host", keepAlive: false, run: 1 },
    { server: "apache", path: "host", keepAlive: false, run: 1 },
    { server: "nginx", path: "host", keepAlive: true, run: 1 },
  ]);
  expect(webOrder({ ...PLAN, gateway: true }, { runs: 1, paths: ["gateway"] })).toHaveLength(4);
});

test("the load generator gets the options of the case that this bench began with", () => {
  const off = webStep({ server: "apache", path: "director", keepAlive: false, run: 1 }, PLAN, 500).run;
  expect(off).toMatch(
    /oha -n 500 -c 4 --connect-to apache\.bench:80:10\.97\.0\.100:8082 --latency-correction .* --disable-keepalive http:\/\/apache\.bench\/picture\.png$/,
  );
  expect(webStep({ server: "apache", path: "host", keepAlive: true, run: 1 }, PLAN, 500).run).not.toContain(
    "--disable-keepalive",
  );
});

test("what oha prints is read, in milliseconds since the first request; cut pictures and other answers failed", () => {
  const lines = [
    "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status",
    "0.5,0.001,0.002,0.010,0.100,1000,200",
    "0.6,0,0,0.010,0.050,1000,200",
    "0.7,0,0,0.010,0.020,400,200",
    "0.8,0,0,0.010,0.020,1000,503",
  ];
  expect(readOha(`${lines.join("\n")}\n`, 5)).toEqual({
    requests: [
      { start: 0, setUp: 2, wait: 8, transfer: 90 },
      { start: 100, setUp: 0, wait: 10, transfer: 40 },
    ],
    seconds: 0.15,
    bytes: 1000,
    errors: 3,
  });
  expect(() => readOha("error: no route", 5)).toThrow("oha did not tell of its requests, but: error: no route");
  expect(() => readOha(`${lines[0]}\n`, 5)).toThrow("there was no answer with a picture");
});

test("evidence is by the clock of the first request, whatever the machine's own clock says", () => {
  const watching: Watching = {
    machine: "client",
    ahead: 2000,
    looks: [
      [10, 1, 5, 0, 0, 3, 1e6],
      [10.05, 1, 5, 0, 0, 3, 1e6],
      [10.1, 4, 9, 2, 1, 5, 3e6],
    ],
    host: [{ from: 8000, to: 8100, waited: 12 }],
  };
  const begin = beginOf(watching);
  expect(begin).toBeCloseTo(8050);
  expect(evidenceOf(watching, begin)).toEqual({
    machine: "client",
    guest: [
      { from: -50, to: 0, retransmissions: 0, squeezed: 0, dropped: 0, softirq: 0, queued: 0 },
      { from: 0, to: 50, retransmissions: 3, squeezed: 2, dropped: 1, softirq: 20, queued: 2 },
    ],
    host: [{ from: -50, to: 50, waited: 12 }],
  });
  expect(() => beginOf({ ...watching, looks: watching.looks.slice(0, 2) })).toThrow("opened no connection");
});

test("a server is a known name, or an image with its port and the folder of its pages", () => {
  expect(webServerOf("old=nginx:1.24=8080=/srv/www")).toEqual({
    name: "old",
    image: "nginx:1.24",
    port: 8080,
    folder: "/srv/www",
  });
  expect(webServerOf("iis")).toBeUndefined();
});

test("a load generator that is not there is one error, which says where it comes from", () => {
  expect(() => ohaFile("/nowhere/oha")).toThrow(
    "/nowhere/oha does not exist: the load generator of this bench (MIT licence). " +
      "Build it with `cargo install oha --version 1.16.0 --locked`, and name its file: --oha FILE",
  );
});
