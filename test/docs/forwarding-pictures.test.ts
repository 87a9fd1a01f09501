import { readFileSync } from "node:fs";
import { join } from "node:path";
import { panelsOf, TITLE } from "../../scripts/forwarding-pictures/examples";
import { Flow, readFlow, Witness } from "../../scripts/forwarding-pictures/flow";
import { parseFrames } from "../../scripts/forwarding-pictures/frames";
import { renderPicture } from "../../scripts/forwarding-pictures/picture";
import { renderTable } from "../../scripts/forwarding-pictures/table";
import { replaceSection } from "../../scripts/markdown";

const DOCS = join(__dirname, "..", "..", "docs");
const ROLES = { client: "client", director: "director", vip: "10.77.0.100" };

/** A machine of a scene: interface to MAC address and IPv4 addresses. */
type Machines = Record<string, Record<string, readonly [mac: string, ...addresses: string[]]>>;

const NAT: Machines = {
  client: { eth0: ["02:00:00:00:00:10", "10.77.0.10"] },
  director: {
    eth0: ["02:00:00:00:00:20", "10.77.0.20", "10.77.0.100"],
    eth1: ["02:00:00:00:01:20", "10.77.1.20"],
  },
  web1: { eth0: ["02:00:00:00:01:31", "10.77.1.31"] },
};
const DIRECT: Machines = {
  client: { eth0: ["02:00:00:00:00:10", "10.77.0.10"] },
  director: { eth0: ["02:00:00:00:00:20", "10.77.0.20", "10.77.0.100"] },
  web1: { lo: ["00:00:00:00:00:00", "10.77.0.100"], eth0: ["02:00:00:00:00:31", "10.77.0.31"] },
};

/** Frames in tcpdump's words; each is seen by the two machines whose MAC addresses it has. */
const sceneOf = (machines: Machines, frames: readonly string[]): Witness[] =>
  Object.entries(machines).map(([name, nics]) => {
    const interfaces = Object.entries(nics).map(([nic, [mac, ...addresses]]) => ({ name: nic, mac, addresses }));
    const seen = frames.filter((frame) => interfaces.some(({ mac }) => frame.includes(mac)));
    return { name, interfaces, frames: parseFrames(seen.join("\n")) };
  });

/** `10>20 10.77.0.10.1 > 10.77.0.100.80: rest`, the MAC addresses by their last bytes. */
const frame = (macs: string, rest: string): string => {
  const [from, to] = macs.split(">").map((end) => `02:00:00:00:${end.padStart(4, "0").replace(/(..)(..)/, "$1:$2")}`);
  return `${from} > ${to}, ethertype IPv4 (0x0800), length 141: ${rest}`;
};
const GET = "Flags [P.], seq 1:76, ack 1, win 1004, length 75: HTTP: GET / HTTP/1.1";
const OK = "Flags [P.], seq 1:137, ack 76, win 1017, length 136: HTTP: HTTP/1.1 200 OK";

const natFrames = (port: number): string[] => [
  frame("10>20", `10.77.0.10.${port} > 10.77.0.100.80: Flags [S], seq 1, length 0`),
  frame("120>131", `10.77.0.10.${port} > 10.77.1.31.8080: Flags [S], seq 1, length 0`),
  frame("10>20", `10.77.0.10.${port} > 10.77.0.100.80: ${GET}`),
  frame("120>131", `10.77.0.10.${port} > 10.77.1.31.8080: ${GET}`),
  frame("131>120", `10.77.1.31.8080 > 10.77.0.10.${port}: ${OK}`),
  frame("20>10", `10.77.0.100.80 > 10.77.0.10.${port}: ${OK}`),
];
const directFrames = (port: number): string[] => [
  frame("10>20", `10.77.0.10.${port} > 10.77.0.100.80: ${GET}`),
  frame("20>31", `10.77.0.10.${port} > 10.77.0.100.80: ${GET}`),
  frame("31>10", `10.77.0.100.80 > 10.77.0.10.${port}: ${OK}`),
];
const flowsWith = (port: number): Flow[] => [
  readFlow(sceneOf(NAT, natFrames(port)), ROLES),
  readFlow(sceneOf(DIRECT, directFrames(port)), ROLES),
];

test("tcpdump's lines are read, others left out", () => {
  const line =
    "02:2b:2a:48:c4:df > 02:39:fe:c3:8f:45, ethertype IPv4 (0x0800), length 141: 10.77.0.10.37594 > 10.77.0.100.80: Flags [P.], seq 2338136226:2338136301, ack 1759104902, win 1004, options [nop,nop,TS val 3823056370 ecr 2790937256], length 75: HTTP: GET / HTTP/1.1";
  const arp =
    "02:2b:2a:48:c4:df > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.77.0.100 tell 10.77.0.10, length 28";
  expect(parseFrames(`${arp}\n${line}\n`)).toEqual([
    {
      sourceMac: "02:2b:2a:48:c4:df",
      targetMac: "02:39:fe:c3:8f:45",
      source: { address: "10.77.0.10", port: 37594 },
      target: { address: "10.77.0.100", port: 80 },
      http: "GET / HTTP/1.1",
      text: line,
    },
  ]);
});

test("masquerading: four hops, the director in all of them", () => {
  const { requestHops, replyHops, server } = readFlow(sceneOf(NAT, natFrames(40001)), ROLES);
  expect(server).toBe("web1");
  expect([...requestHops, ...replyHops].map(({ from, to }) => `${from} ${to}`)).toEqual([
    "client director",
    "director web1",
    "web1 director",
    "director client",
  ]);
});

test("direct routing: three hops, the reply's goes straight to the client", () => {
  const { replyHops } = readFlow(sceneOf(DIRECT, directFrames(40001)), ROLES);
  expect(replyHops).toEqual([
    {
      from: "web1",
      to: "client",
      source: { address: "10.77.0.100", port: 80 },
      target: { address: "10.77.0.10", port: 40001 },
    },
  ]);
});

test("another connection and a segment that was sent twice change nothing", () => {
  const again = frame("10>20", `10.77.0.10.40001 > 10.77.0.100.80: ${GET.replace("win 1004", "win 1005")}`);
  const frames = [...directFrames(40001), again, ...directFrames(40002)];
  expect(readFlow(sceneOf(DIRECT, frames), ROLES)).toEqual(readFlow(sceneOf(DIRECT, directFrames(40001)), ROLES));
});

test.each<[string, () => Witness[], RegExp]>([
  ["no server was asked", () => sceneOf(DIRECT, []), /^no real server has seen a request$/],
  [
    "a frame was seen at one end only",
    () => sceneOf(DIRECT, directFrames(1)).map((each) => (each.name === "client" ? { ...each, frames: [] } : each)),
    /^client should have seen a frame and has not: .* GET /,
  ],
  [
    "a MAC address belongs to no machine",
    () => sceneOf(DIRECT, [...directFrames(1), frame("10>99", "10.77.0.10.1 > 10.77.0.100.80: Flags [.], ack 9")]),
    /^the MAC address 02:00:00:00:00:99 is no machine's/,
  ],
  [
    "a frame took another way",
    () => sceneOf(DIRECT, [...directFrames(1), frame("10>31", "10.77.0.10.1 > 10.77.0.100.80: Flags [.], ack 9")]),
    /^a frame took another way than request and reply: /,
  ],
  ["a hop is missing", () => sceneOf(DIRECT, directFrames(1).slice(1)), /^a message has 0 ways to go on from client/],
])("it fails when %s", (_, scene, message) => {
  expect(() => readFlow(scene(), ROLES)).toThrow(message);
});

test("neither picture nor table depends on the port that the client's kernel chose", () => {
  const [one, other] = [panelsOf(flowsWith(40001)), panelsOf(flowsWith(50000))];
  expect(renderPicture(TITLE, one)).toBe(renderPicture(TITLE, other));
  expect(renderTable(one)).toBe(renderTable(other));
});

test("the committed picture and table are what these programs make of the same hops (else: npm run pictures:forwarding)", () => {
  const panels = panelsOf(flowsWith(40001));
  expect(readFileSync(join(DOCS, "forwarding-nat-and-direct-routing.svg"), "utf8")).toBe(renderPicture(TITLE, panels));
  expect(readFileSync(join(DOCS, "forwarding.md"), "utf8")).toContain(`\n${renderTable(panels)}\n`);
});

test("text in the picture is escaped", () => {
  expect(renderPicture('<&"', [])).toContain('<title id="title">&lt;&amp;&quot;</title>');
});

test("a section of a page is replaced, and a page without it is an error", () => {
  expect(replaceSection("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new")).toBe(
    "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb",
  );
  expect(() => replaceSection("a", "x", "new")).toThrow("the page has no section from '<!-- x -->' to '<!-- /x -->'");
});
