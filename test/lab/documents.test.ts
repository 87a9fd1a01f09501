import { parseLab, parseMachine, readMachine } from "../../lab/documents";

const lab = { name: "default", subnets: ["192.168.139.0/24"], machines: ["vm-1"], forwards: [] as unknown[] };
const machine = {
  name: "ipvs",
  memoryMiB: 320,
  nics: [{ interface: "eth0", addresses: ["192.168.139.29/24", "fd00:139::29/64"] }],
};

function labWith(change: object): () => unknown {
  return () => parseLab(JSON.stringify({ ...lab, ...change }), "LAB.json");
}

function machineWith(change: object): () => unknown {
  return () => parseMachine(JSON.stringify({ ...machine, ...change }), "machine.json");
}

function nicWith(change: object): () => unknown {
  return machineWith({ nics: [{ ...machine.nics[0], ...change }] });
}

test("a right LAB.json and a right machine.json are taken as they are", () => {
  const forwards = [{ listen: 8080, to: "192.168.139.29:80" }];
  expect(labWith({ forwards })()).toEqual({
    ...lab,
    addresses: {},
    forwards,
    software: [],
    registry: false,
    images: [],
    preinstalled: [],
    beforeRemoval: [],
  });
  const addresses = { "vm-1": ["192.168.139.68", "fd00:139::68"] };
  expect(labWith({ addresses })()).toMatchObject({ addresses });
  expect(labWith({ software: ["consul"], registry: true })()).toMatchObject({ software: ["consul"], registry: true });
  expect(labWith({ subnets: ["192.168.139.0/24", "fd00:139::/64"] })()).toMatchObject({ name: "default" });
  expect(machineWith({})()).toEqual({ ...machine, preinstalled: [], beforeRemoval: "" });
  expect(nicWith({ mtu: 1450 })()).toMatchObject({ nics: [{ mtu: 1450 }] });
});

test.each([
  [labWith({ subnets: [] }), "LAB.json: subnets must NOT have fewer than 1 items"],
  [
    labWith({ subnets: ["192.168.139.4/24"] }),
    'subnets[0] "192.168.139.4/24" is an address; the subnet is 192.168.139.0/24',
  ],
  [labWith({ subnets: ["192.168.139.0/32"] }), "is not an address with a usable prefix length"],
  [labWith({ subnets: ["somewhere"] }), "is not an address with a usable prefix length"],
  [labWith({ machines: ["vm-1", "vm-1"] }), "LAB.json: machines must NOT have duplicate items"],
  [labWith({ addresses: { "vm-1": ["vm-2"] } }), "LAB.json: addresses.vm-1[0] must match pattern"],
  [labWith({ machines: ["../up"] }), "LAB.json: machines[0] must match pattern"],
  [labWith({ forwards: [{ listen: 8080 }] }), "LAB.json: forwards[0] must have required property 'to'"],
  [labWith({ forwards: [{ listen: 99999, to: "10.0.0.2:80" }] }), "forwards[0].listen must be <= 65535"],
  [labWith({ forwards: [{ listen: 80, to: "web:80" }] }), "forwards[0].to must match pattern"],
  [
    labWith({ forwards: ["10.0.0.2:80", "10.0.0.3:80"].map((to) => ({ listen: 8080, to })) }),
    "two forwards listen on port 8080",
  ],
  [labWith({ software: ["vault"] }), 'LAB.json: the lab has no software "vault"'],
  [labWith({ software: ["nomad@new"] }), '"nomad@new" does not name a version of three numbers'],
  [labWith({ software: ["crane"] }), 'the lab has no software "crane"'],
  [labWith({ software: ["consul", "consul"] }), "LAB.json: software must NOT have duplicate items"],
  [labWith({ registry: "yes" }), "LAB.json: registry must be boolean"],
  [labWith({ colour: "red" }), 'the document must NOT have additional properties ("colour")'],
  [() => parseLab("{", "LAB.json"), "LAB.json is not JSON"],
])("a wrong LAB.json is one clear error (%#)", (act, message) => {
  expect(act).toThrow(message);
});

test.each([
  [machineWith({ memoryMiB: "lots" }), "machine.json: memoryMiB must be integer"],
  [machineWith({ memoryMiB: 16 }), "machine.json: memoryMiB must be >= 192"],
  [machineWith({ name: "Web Server" }), "machine.json: name must match pattern"],
  [machineWith({ nics: [] }), "machine.json: nics must NOT have fewer than 1 items"],
  [nicWith({ interface: "lan0" }), 'nics[0].interface is "lan0"'],
  [nicWith({ addresses: ["192.168.139.0/24"] }), "is a subnet, not an address of a machine"],
  [nicWith({ addresses: ["192.168.139.29"] }), "is not an address with a usable prefix length"],
  [nicWith({ addresses: ["192.168.139.1/24"] }), 'address "192.168.139.1/24" of eth0 belongs to the lab\'s router'],
  [nicWith({ addresses: ["fd00:139::1/64"] }), "belongs to the lab's router"],
  [nicWith({ mtu: 9000 }), "machine.json: nics[0].mtu must be <= 1500"],
  [nicWith({ mtu: 68 }), "machine.json: nics[0].mtu must be >= 576"],
])("a wrong machine.json is one clear error (%#)", (act, message) => {
  expect(act).toThrow(message);
});

test("a file that is not there is named", () => {
  expect(() => readMachine("/nowhere/machine.json")).toThrow("can't read /nowhere/machine.json (ENOENT)");
});
