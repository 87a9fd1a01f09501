import { directorTable } from "../../cli/director-table";

// What a director printed, under load and while a real server drained.
const table = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.139.29:80 wrr persistent 300
  -> 192.168.139.31:9080          Masq    2      3          41
  -> 192.168.139.32:9080          Masq    0      1          0
FWM  7 rr
  -> [fd00::31]:80                Route   1      0          2
`;
const rates = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
TCP  192.168.139.29:80                  12       70       50     5200    30100
  -> 192.168.139.31:9080                 9       60       44     4400    28000
  -> 192.168.139.32:9080                 3       10        6      800     2100
FWM  7                                   1        4        4      300      300
  -> [fd00::31]:80                       1        4        4      300      300
`;

test("services and real servers have their rates; one that drains has the time that is left", () => {
  const drains = '{"-t 192.168.139.29:80 -r 192.168.139.32:9080": [1000.5, 1060.5]}';
  expect(directorTable(table, rates, drains, 1020)).toEqual([
    {
      protocol: "TCP",
      address: "192.168.139.29:80",
      scheduler: "wrr persistent 300",
      connectionsPerSecond: 12,
      servers: [
        {
          address: "192.168.139.31:9080",
          forwarding: "Masq",
          weight: 2,
          connectionsPerSecond: 9,
          active: 3,
          inactive: 41,
        },
        {
          address: "192.168.139.32:9080",
          forwarding: "Masq",
          weight: 0,
          connectionsPerSecond: 3,
          active: 1,
          inactive: 0,
          drainSeconds: 41,
        },
      ],
    },
    {
      protocol: "FWM",
      address: "7",
      scheduler: "rr",
      connectionsPerSecond: 1,
      servers: [
        { address: "[fd00::31]:80", forwarding: "Route", weight: 1, connectionsPerSecond: 1, active: 0, inactive: 2 },
      ],
    },
  ]);
});

test("an empty table, and nothing that drains", () => {
  expect(directorTable("", "", "", 5)).toEqual([]);
});
