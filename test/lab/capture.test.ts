import { parseCapturePoint, tcpdumpCommand } from "../../lab/capture";

test("each machine may have its own capture filter, and its ssh is never captured", () => {
  expect(parseCapturePoint("d2:port 80 or port 81", "icmp")).toEqual({ name: "d2", filter: "port 80 or port 81" });
  expect(parseCapturePoint("vm-1", "icmp")).toEqual({ name: "vm-1", filter: "icmp" });
  expect(parseCapturePoint("vm-1:", "icmp")).toEqual({ name: "vm-1", filter: "icmp" });
  expect(tcpdumpCommand({ name: "d2", filter: "port 80" }, { seconds: 5, interface: "any" })).toBe(
    "timeout -s INT 5 tcpdump -i any -U --immediate-mode -s 0 -w - '(port 80) and not (tcp port 22)'",
  );
  expect(tcpdumpCommand({ name: "d2", filter: "" }, { seconds: 5, interface: "eth0" })).toMatch(
    / -w - 'not \(tcp port 22\)'$/,
  );
});
