import { TerraformStack } from "cdktf";
import { IConstruct } from "constructs";
import { ByWord } from "../private/by-word";
import { describeFailure, Failure } from "../private/failure";
import { checkAtSynth } from "../private/validation";
import { WholeProgram } from "../private/whole-program";
import type { IBackend } from "./backend";
import type { InterfaceAddress } from "./subnet";

/** A machine as its neighbours see it. */
export interface Neighbour extends IConstruct {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

/** A machine, with what makes it; nothing for one that the program only knows. */
interface Known {
  readonly machine: Neighbour;
  readonly backend?: IBackend;
}

const known = new WholeProgram<Known, ByWord<Neighbour>>(
  (all) =>
    new ByWord(
      all.map(({ what }) => what.machine),
      sharedWords,
    ),
);

/** Takes a machine among those that are looked at together, and checks at synth that its name and its addresses are unique. */
export function joinNeighbours(machine: Neighbour, backend?: IBackend): void {
  known.tell(machine, { machine, backend });
  checkAtSynth(machine, () => twins(machine));
}

/**
 * Every other machine that is in the same networks and has that address. Those are the machines of the same backend, or of the
 * same stack where one has none.
 */
export function neighboursWith(machine: Neighbour, address: string): Neighbour[] {
  return known
    .below(machine.node.root)
    .with([addressWord(address)])
    .filter((other) => other !== machine && areNeighbours(machine, other));
}

/** Whether two machines are in the same networks. The same address in two labs, or of two backends, is no conflict. */
export function areNeighbours(one: Neighbour, other: Neighbour): boolean {
  const [here, there] = [known.toldBy(one)?.backend, known.toldBy(other)?.backend];
  if (here !== undefined && there !== undefined) return here === there;
  return TerraformStack.of(one) === TerraformStack.of(other);
}

/** Addresses that the machine's backend has itself, a router's for example. */
export function backendAddresses(machine: Neighbour): readonly string[] {
  return known.toldBy(machine)?.backend?.ownAddresses ?? [];
}

/** What the machines before this one in the program have as well: names that are files of one folder, and addresses. */
function twins(machine: Neighbour): string[] {
  const alike = known.below(machine.node.root).with(sharedWords(machine));
  return alike
    .slice(0, alike.indexOf(machine))
    .flatMap((other) => [...nameFailures(machine, other), ...sharedAddressFailures(machine, other)])
    .map(describeFailure);
}

/** A backend and a stack each keep a machine's files in a folder of its name. */
function nameFailures(machine: Neighbour, other: Neighbour): Failure[] {
  if (!isMade(machine) || !isMade(other) || !sameName(machine, other)) return [];
  const of = `can't be that of ${other.node.path}`;
  const failure = { property: "name", got: machine.name, cure: "give one of them another one" };
  if (areNeighbours(machine, other)) return [{ ...failure, rule: `${of}, too` }];
  const sameStack = TerraformStack.of(machine) === TerraformStack.of(other);
  return sameStack ? [{ ...failure, rule: `${of}, whose files are in the same stack` }] : [];
}

/** A machine that is only known may be one that is made, described a second time; so may two that are only known. */
function sharedAddressFailures(machine: Neighbour, other: Neighbour): Failure[] {
  if (!areNeighbours(machine, other) || (!isMade(machine) && !isMade(other))) return [];
  if (isMade(machine) !== isMade(other) && sameName(machine, other)) return [];
  return machine.addresses
    .filter(({ address }) => hasAddress(other, address))
    .map(({ address }) => ({
      property: "interfaces",
      rule: `can't hold an address of ${other.node.path} (${other.name})`,
      got: address,
      cure: "give each machine addresses of its own",
    }));
}

function isMade(machine: Neighbour): boolean {
  return known.toldBy(machine)?.backend !== undefined;
}

/** What two machines can't both have. */
function sharedWords({ name, addresses }: Neighbour): string[] {
  return [`name ${name.toLowerCase()}`, ...addresses.map(({ address }) => addressWord(address))];
}

function addressWord(address: string): string {
  return `address ${address}`;
}

/** Folders and host names know no case everywhere. */
function sameName(one: Neighbour, other: Neighbour): boolean {
  return one.name.toLowerCase() === other.name.toLowerCase();
}

export function hasAddress({ addresses }: Neighbour, address: string): boolean {
  return addresses.some((own) => own.address === address);
}
