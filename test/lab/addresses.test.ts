import { hostPart, macAddress, normal, routerAddress, socatTarget, subnetOf, tapName } from "../../lab/addresses";

test("subnets, host parts and router addresses, in both families", () => {
  expect(subnetOf("192.168.139.29/24")).toBe("192.168.139.0/24");
  expect(subnetOf("10.1.2.3/20")).toBe("10.1.0.0/20");
  expect(subnetOf("fd00:139::29/64")).toBe("fd00:139::/64");
  expect(hostPart("192.168.139.29/24")).toBe(29n);
  expect(hostPart("fd00:139::/64")).toBe(0n);
  expect(routerAddress("192.168.139.0/24")).toBe("192.168.139.1");
  expect(routerAddress("10.1.0.128/25")).toBe("10.1.0.129");
  expect(routerAddress("fd00:139::/64")).toBe("fd00:139::1");
});

test("an address has one spelling", () => {
  expect(normal("fd00:0139:0:0::29/64")).toBe("fd00:139::29/64");
});

test("socat gets IPv6 addresses with their family", () => {
  expect(socatTarget("192.168.139.29:80")).toBe("TCP4:192.168.139.29:80");
  expect(socatTarget("[fd00:139::29]:80")).toBe("TCP6:[fd00:139::29]:80");
});

test("a MAC address is local, unicast, always the same, and another one in another lab, machine or interface", () => {
  const addresses = [
    macAddress("aaaaaaaa", "vm-1", 0),
    macAddress("bbbbbbbb", "vm-1", 0),
    macAddress("aaaaaaaa", "vm-2", 0),
    macAddress("aaaaaaaa", "vm-1", 1),
  ];
  expect(new Set(addresses).size).toBe(4);
  for (const address of addresses) expect(address).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  expect(macAddress("aaaaaaaa", "vm-1", 0)).toBe(addresses[0]);
});

test("the host end of an interface fits into the kernel's 15 characters whatever the machine is called", () => {
  expect(tapName("a-machine-with-quite-a-long-name", 7).length).toBeLessThanOrEqual(15);
  expect(tapName("vm-1", 0)).not.toBe(tapName("vm-2", 0));
});
