import { TerraformStack } from "cdktf";
import { IConstruct } from "constructs";
import { ByWord } from "../private/by-word";
import { describeFailure } from "../private/failure";
import { WholeProgram } from "../private/whole-program";
import { IBackend } from "./backend";
import { InterfaceAddress } from "./subnet";

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

/** Takes a machine among those that are looked at together, and checks at synth that nobody else has what is its own. */
export function joinNeighbours(machine: Neighbour, backend?: IBackend): void {
  known.tell(machine, { machine, backend });
  machine.node.addValidation({ validate: () => twins(machine) });
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

/** Whether two machines are in the same networks. The same address in two labs, or of two backends, is no clash. */
export function areNeighbours(one: Neighbour, other: Neighbour): boolean {
  const [here, there] = [known.toldBy(one)?.backend, known.toldBy(other)?.backend];
  if (here !== undefined && there !== undefined) return here === there;
  return TerraformStack.of(one) === TerraformStack.of(other);
}

/** Addresses that the machine's backend has itself, a router's for example. */
export function backendAddresses(machine: Neighbour): readonly string[] {
  return known.toldBy(machine)?.backend?.ownAddresses ?? [];
}

/** What the machines before this one in the program have, too. */
function twins(machine: Neighbour): string[] {
  const alike = known.below(machine.node.root).with(sharedWords(machine));
  const isMade = (each: Neighbour): boolean => known.toldBy(each)?.backend !== undefined;
  return alike
    .slice(0, alike.indexOf(machine))
    .filter((other) => areNeighbours(machine, other))
    .flatMap((other) => {
      // A machine that is only known may be one that is made, told of a second time; so may two such be one.
      if (!(isMade(machine) && isMade(other)) && (sameName(other, machine) || isMade(machine) === isMade(other)))
        return [];
      const shared = machine.addresses.filter(({ address }) => hasAddress(other, address));
      return [
        ...(isMade(machine) && sameName(other, machine)
          ? [
              {
                property: "name",
                rule: `can't be that of ${other.node.path}, too`,
                got: machine.name,
                cure: "give one of them another one",
              },
            ]
          : []),
        ...shared.map(({ address }) => ({
          property: "interfaces",
          rule: `can't hold an address of ${other.node.path} (${other.name})`,
          got: address,
          cure: "give each machine addresses of its own",
        })),
      ].map(describeFailure);
    });
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
