import { defineInventory, interfacesOf, Inventory, InventoryError, mtuOf } from "../../constructs/stacks/inventory";

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
    "machine 'a' is listed twice: rename one of them",
  ],
  [
    "an address twice",
    {
      machines: [
        { name: "a", address: "10.0.0.2" },
        { name: "b", address: "10.0.0.2" },
      ],
    },
    "address 10.0.0.2 is given to 'a' and 'b': give each machine its own",
  ],
  [
    "an address outside every subnet",
    { machines: [{ name: "a", address: "10.9.0.2" }] },
    "machine 'a' has the address 10.9.0.2, which is in none of the subnets (10.0.0.0/24, 10.0.1.0/24, fd00::/64): add its subnet or change it",
  ],
  [
    "no address",
    { machines: [{ name: "a", address: "10.0.0" }] },
    "machine 'a' has the address '10.0.0', which is none: write it like '192.168.139.29'",
  ],
  [
    "no subnet",
    { subnets: ["10.0.0.0"], machines: [] },
    "subnet '10.0.0.0' is not a network: write it like '192.168.139.0/24'",
  ],
  [
    "more MTUs than interfaces",
    { machines: [{ name: "a", address: ["10.0.0.2", "fd00::2"], mtu: [1500, 1450] }] },
    "machine 'a' has 2 MTUs and 1 interfaces: give one for all, or one each",
  ],
])("fails on %s", (_, change, problem) => {
  expect(() => defineInventory({ ...good, ...change })).toThrow(new InventoryError("lab", [problem]));
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
    /^inventory 'lab' can't be deployed:\n {2}- subnet '10\.2\.0\.0'.*\n {2}- machine 'a' is listed twice.*\n {2}- machine 'a' has the address 1\.2\.3\.4/,
  );
});
