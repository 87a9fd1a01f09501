import { TerraformStack } from "cdktf";
import { IConstruct } from "constructs";
import { describeFailure } from "../private/failure";
import { IBackend } from "./backend";
import { InterfaceAddress } from "./subnet";

/** A machine as its neighbours see it. */
export interface Neighbour extends IConstruct {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

/** Every machine, with what makes it; nothing for one that the program only knows. */
const known = new WeakMap<IConstruct, { readonly machine: Neighbour; readonly backend?: IBackend }>();

/** Takes a machine among those that are looked at together, and checks at synth that nobody else has what is its own. */
export function joinNeighbours(machine: Neighbour, backend?: IBackend): void {
  known.set(machine, { machine, backend });
  machine.node.addValidation({ validate: () => twins(machine) });
}

/** Every other machine that is in the same networks: of the same backend, or of the same stack where one has none. */
export function neighboursOf(machine: Neighbour): Neighbour[] {
  return machine.node.root.node
    .findAll()
    .flatMap((each) => known.get(each)?.machine ?? [])
    .filter((other) => other !== machine && areNeighbours(machine, other));
}

/** Whether two machines are in the same networks. The same address in two labs, or of two backends, is no clash. */
export function areNeighbours(one: Neighbour, other: Neighbour): boolean {
  const [here, there] = [known.get(one)?.backend, known.get(other)?.backend];
  if (here !== undefined && there !== undefined) return here === there;
  return TerraformStack.of(one) === TerraformStack.of(other);
}

/** Addresses that the machine's backend has itself, a router's for example. */
export function backendAddresses(machine: Neighbour): readonly string[] {
  return known.get(machine)?.backend?.ownAddresses ?? [];
}

/** What the machines before this one in the program have, too. */
function twins(machine: Neighbour): string[] {
  const all = machine.node.root.node.findAll();
  const isMade = (each: Neighbour): boolean => known.get(each)?.backend !== undefined;
  return neighboursOf(machine)
    .filter((other) => all.indexOf(other) < all.indexOf(machine))
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

/** Folders and host names know no case everywhere. */
function sameName(one: Neighbour, other: Neighbour): boolean {
  return one.name.toLowerCase() === other.name.toLowerCase();
}

export function hasAddress({ addresses }: Neighbour, address: string): boolean {
  return addresses.some((own) => own.address === address);
}
