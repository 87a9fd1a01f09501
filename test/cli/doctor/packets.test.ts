import { carries, isSamePacket, parseCapture, repeated } from "../../../cli/doctor/packets";

const syn = "100.5 Out 192.168.139.68.40000 > 192.168.139.29.80: Flags [S], seq 7, ack 0, length 0";

test("the lines of a capture: packets, standstills, and how many packets it missed", () => {
  const capture = parseCapture([
    "listening",
    `${syn}, wrong checksum`,
    "101 In IPIP fd00::1.8081 > fd00::2.40000: Flags [P.], seq 8, ack 9, length 80",
    "101 this machine stood still for 812 ms",
    "3 packets were not seen",
  ]);
  expect(capture).toMatchObject({
    packets: [
      { time: 100.5, outgoing: true, tunnelled: false, from: "192.168.139.68", fromPort: 40000, wrongChecksum: true },
      { outgoing: false, tunnelled: true, from: "fd00::1", toPort: 40000, length: 80, wrongChecksum: false },
    ],
    standstills: [{ end: 101, milliseconds: 812 }],
    missed: 3,
  });
});

test("the same number twice is a packet sent again; an acknowledgement alone is not", () => {
  const acknowledgement = syn.replace("[S]", "[.]");
  const { packets } = parseCapture([syn, acknowledgement, syn.replace("100.5", "101.5"), acknowledgement]);
  expect(packets.filter(carries)).toHaveLength(2);
  expect(repeated(packets).map((group) => group.length)).toEqual([2]);
});

test("a packet is the same behind a director, which rewrites its addresses and ports; its answer is another one", () => {
  const [before, after, answer] = parseCapture([
    syn,
    "100.6 Out 192.168.139.29.1024 > 192.168.139.184.80: Flags [S], seq 7, ack 0, length 0",
    "100.7 In 192.168.139.184.80 > 192.168.139.29.1024: Flags [S.], seq 7, ack 8, length 0",
  ]).packets;
  if (before === undefined || after === undefined || answer === undefined) throw new Error("three packets were given");
  expect(isSamePacket(before, after)).toBe(true);
  expect(isSamePacket(before, answer)).toBe(false);
});
