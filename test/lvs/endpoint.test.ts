import { TakenPorts } from "../../constructs/lvs/endpoint";
import { Protocol } from "../../constructs/lvs";

const tcp = (owner: string, port: number, address?: string, mark?: number) => ({
  owner,
  protocol: Protocol.TCP,
  port,
  address,
  mark,
});

test("a port is taken at its own address, and at every address where one of the two names none", () => {
  const taken = new TakenPorts();
  for (const each of [tcp("one", 80, "10.0.0.1"), tcp("two", 80, "10.0.0.2"), tcp("every", 81)]) taken.add(each);
  const owner = (port: number, address?: string): string | undefined => taken.at(tcp("", port, address))?.owner;
  expect([owner(80, "10.0.0.1"), owner(80, "10.0.0.2"), owner(80, "10.0.0.3"), owner(80)]).toEqual([
    "one",
    "two",
    undefined,
    "one",
  ]);
  expect([owner(81, "10.0.0.1"), owner(81), owner(82)]).toEqual(["every", "every", undefined]);
  expect(taken.at({ ...tcp("", 80), protocol: Protocol.UDP })).toBeUndefined();
});

test("a mark is taken in its own address family", () => {
  const taken = new TakenPorts();
  taken.add(tcp("four", 80, "10.0.0.1", 7));
  expect(taken.markedWith(7, new Set([4, 6]))?.owner).toBe("four");
  expect(taken.markedWith(7, new Set([6]))).toBeUndefined();
  expect(taken.markedWith(8, new Set([4]))).toBeUndefined();
});
