import { defineInventory, interfacesOf, Inventory, mtuOf } from "../../constructs/stacks/inventory";

const good: Inventory = {
  name: "lab",
  subnets: ["10.0.0.0/24", "10.0.1.0/24", "fd00::/64"],
  machines: [{ name: "a", address: "10.0.0.2" }],
};

test("an address becomes an interface; IPv6 joins the one before it", () => {
  const machine = { name: "a", address: ["10.0.0.2", "fd00::2", "10.0.1.2"] };
  expect(interfacesOf(machine, good.subnets)).toEqual({ eth0: ["10.0.0.2/24", "fd00::2/64"], eth1: ["10.0.1.2/24"] });
});

test("an MTU is that of every interface, or each has its own", () => {
  const machine = { name: "a", address: ["10.0.0.2", "fd00::2", "10.0.1.2"] };
  expect(mtuOf(machine)).toBeUndefined();
  expect(mtuOf({ ...machine, mtu: 1450 })).toEqual({ eth0: 1450, eth1: 1450 });
  expect(mtuOf({ ...machine, mtu: [1500, 1450] })).toEqual({ eth0: 1500, eth1: 1450 });
});

test("a right inventory comes back as it is, its names known to the compiler", () => {
  const inventory = defineInventory({
    name: "lab",
    subnets: ["10.0.0.0/24"],
    machines: [{ name: "a", address: "10.0.0.2" }],
  });
  const name: "a" | undefined = inventory.machines[0]?.name;
  expect(name).toBe("a");
});

test.each<[string, Partial<Inventory>, string]>([
  [
    "a name twice",
    {
      machines: [
        { name: "a", address: "10.0.0.2" },
        { name: "a", address: "10.0.0.3" },
      ],
    },
    `'machines' can't list a name twice, got "a": rename one of them`,
  ],
  [
    "an address twice",
    {
      machines: [
        { name: "a", address: "10.0.0.2" },
        { name: "b", address: "10.0.0.2" },
      ],
    },
    `'machines' can't give one address to 'a' and 'b', got "10.0.0.2": give each machine its own`,
  ],
  [
    "an address twice on one machine",
    { machines: [{ name: "a", address: ["10.0.0.2", "10.0.0.2"] }] },
    `'machines' can't list an address of 'a' twice, got "10.0.0.2": leave one of them out`,
  ],
  [
    "an address outside every subnet",
    { machines: [{ name: "a", address: "10.9.0.2" }] },
    `'machines.a.address' must be in one of the subnets (10.0.0.0/24, 10.0.1.0/24, fd00::/64), got "10.9.0.2": add its subnet, or change the address`,
  ],
  [
    "no address",
    { machines: [{ name: "a", address: "10.0.0" }] },
    `'machines.a.address' must be an IP address, got "10.0.0": write it like '192.168.139.29', without a prefix length`,
  ],
  [
    "no subnet",
    { subnets: ["10.0.0.0"], machines: [] },
    `'subnets' must be networks in CIDR form, got "10.0.0.0": write it like '192.168.139.0/24'`,
  ],
  [
    "more MTUs than interfaces",
    { machines: [{ name: "a", address: ["10.0.0.2", "fd00::2"], mtu: [1500, 1450] }] },
    "'machines.a.mtu' must be one number, or one for each interface (1), got [1500,1450]: count them: each IPv4 address is an interface, an IPv6 address joins the one before it",
  ],
])("fails on %s", (_, change, problem) => {
  expect(() => defineInventory({ ...good, ...change })).toThrow(
    expect.objectContaining({ name: "ValidationError", message: `inventory 'lab': ${problem}` }) as Error,
  );
});

test("all problems come in one message", () => {
  const wrong = {
    ...good,
    subnets: [...good.subnets, "10.2.0.0"],
    machines: [
      { name: "a", address: "1.2.3.4" },
      { name: "a", address: "10.0.0.2" },
    ],
  };
  expect(() => defineInventory(wrong)).toThrow(
    new Error(`inventory 'lab': 3 problems
  - 'subnets' must be networks in CIDR form, got "10.2.0.0": write it like '192.168.139.0/24'
  - 'machines' can't list a name twice, got "a": rename one of them
  - 'machines.a.address' must be in one of the subnets (${wrong.subnets.join(", ")}), got "1.2.3.4": add its subnet, or change the address`),
  );
});
