import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { farewellCommand, IMachine, Machine, shellQuote } from "../machine";
import { TerraformData } from "../private/terraform-data";
import { Plane } from "./plane";
import { IPTABLES_PROGRAM, IPVS_ENVIRONMENT, IPVS_PROGRAM } from "./rules-folders";

/**
 * A machine with real servers that the program may remove or make anew. The director drains its real servers before that, and gives
 * them new connections again once the machine is made.
 */
export class Departure extends Construct {
  /**
   * Makes it, unless it is there, or one of the two machines is not made by this stack.
   *
   * @param balancer machine of the director
   */
  static ensure(balancer: IMachine, machine: IMachine, plane: Plane): void {
    if (!Machine.isMachine(balancer) || !Machine.isMachine(machine) || balancer === machine) return;
    if (TerraformStack.of(balancer) !== TerraformStack.of(machine)) return;
    const id = `drains-${machine.name}`;
    if (balancer.node.tryFindChild(id) !== undefined) return;
    balancer._pushAfter(machine);
    if (!drain.has(balancer)) balancer._beforeRemoval(`${rulesProgram(plane)} leave`);
    drain.add(balancer);
    new Departure(balancer, id, { balancer, machine, plane });
  }

  private constructor(scope: Construct, id: string, { balancer, machine, plane }: DepartureProps) {
    super(scope, id);
    const { command } = balancer.shell;
    const words = (verb: string): string => `${rulesProgram(plane)} ${verb} ${addressesOf(machine)}`;
    const otherwise = `${machine.name} is removed, although ${balancer.name} could not drain its real servers`;
    new TerraformData(this, "Default", {
      triggersReplace: () => ({ machine: machine._made.idReference }),
      onCreate: { ...balancer.shell, command: `echo ${shellQuote(words("return"))} | ${command}` },
      onDestroy: { ...balancer.shell, command: farewellCommand(command, words("leave"), otherwise) },
      logicalId: `${balancer._made.friendlyUniqueId}_drains_${machine._made.friendlyUniqueId}`,
      // Destroyed in the other order: connections are drained, then the machine ends what it serves, then it goes.
      dependsOn: [balancer._made, balancer._pushed, machine._made, machine._pushed, machine._farewell],
    });
  }
}

/** Machines of directors that already drain before a machine is removed. */
const drain = new WeakSet<Machine>();

interface DepartureProps {
  readonly balancer: Machine;
  readonly machine: Machine;
  readonly plane: Plane;
}

/** Shell text that starts the program of the director's rules, with the deadline of its drains. */
function rulesProgram(plane: Plane): string {
  return plane === Plane.IPTABLES ? IPTABLES_PROGRAM : `set -a; . ${IPVS_ENVIRONMENT}; set +a; ${IPVS_PROGRAM}`;
}

function addressesOf({ addresses }: IMachine): string {
  return addresses.map(({ address }) => address).join(" ");
}
