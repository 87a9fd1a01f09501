import { TerraformStack } from "cdktf";
import { farewellCommand, IMachine, Machine, shellQuote } from "../machine";
import { IPTABLES_PROGRAM } from "../packets";
import { TerraformData } from "../private/terraform-data";
import { IPVS_ENVIRONMENT, IPVS_PROGRAM } from "./ipvs-folder";
import { Plane } from "./plane";

/**
 * Lets a director drain the real servers on a machine before it is removed or made anew, and give them new connections again once it is
 * made. Does nothing a second time, or if this stack does not make both machines.
 *
 * @param balancer machine of the director
 */
export function prepareDeparture(balancer: IMachine, machine: IMachine, plane: Plane): void {
  if (!Machine.isMachine(balancer) || !Machine.isMachine(machine) || balancer === machine) return;
  if (TerraformStack.of(balancer) !== TerraformStack.of(machine)) return;
  const id = `drains-${machine.name}`;
  const [own, other] = [balancer._resources, machine._resources];
  // One that is refused has none.
  if (own === undefined || other === undefined || balancer.node.tryFindChild(id) !== undefined) return;
  balancer._pushAfter(other.made);
  if (!drain.has(balancer)) balancer._beforeRemoval(`${rulesProgram(plane)} leave`, own.pushed);
  drain.add(balancer);
  const { shell } = balancer;
  const words = (verb: string): string => `${rulesProgram(plane)} ${verb} ${addressesOf(machine)}`;
  const otherwise = `${machine.name} is removed, although ${balancer.name} could not drain its real servers`;
  new TerraformData(balancer, id, {
    triggersReplace: () => ({ machine: other.made.idReference }),
    onCreate: { ...shell, command: `echo ${shellQuote(words("return"))} | ${shell.command}` },
    onDestroy: { ...shell, command: farewellCommand(shell.command, words("leave"), otherwise) },
    logicalId: `${own.made.friendlyUniqueId}_drains_${other.made.friendlyUniqueId}`,
    // Destroyed in the other order: connections are drained, then the machine ends what it serves, then it goes.
    dependsOn: [own.made, own.pushed, other.made, other.pushed, other.farewell],
  });
}

/** Machines of directors that already drain before a machine is removed. */
const drain = new WeakSet<Machine>();

/** Shell text that starts the program of the director's rules, with the deadline of its drains. */
function rulesProgram(plane: Plane): string {
  return plane === Plane.IPTABLES ? IPTABLES_PROGRAM : `set -a; . ${IPVS_ENVIRONMENT}; set +a; ${IPVS_PROGRAM}`;
}

function addressesOf({ addresses }: IMachine): string {
  return addresses.map(({ address }) => address).join(" ");
}
