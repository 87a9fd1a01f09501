import { IConstruct } from "constructs";
import { WholeProgram } from "../private/whole-program";
import type { VirtualService } from "./virtual-service";

/** All virtual services, and their positions by target: a machine, a name in Consul, or what stands for its instances. */
interface ByTarget {
  readonly all: readonly VirtualService[];
  readonly positions: ReadonlyMap<unknown, ReadonlySet<number>>;
}

const services = new WholeProgram<VirtualService, ByTarget>((told) => {
  const positions = new Map<unknown, Set<number>>();
  told.forEach(({ what: { followed, realServers } }, position) => {
    for (const target of [...realServers.map(({ machine }) => machine), followed?.service, followed?.known])
      if (target !== undefined) positions.set(target, (positions.get(target) ?? new Set()).add(position));
  });
  return { all: told.map(({ what }) => what), positions };
});

/** Registers a virtual service under its targets. To be called again whenever these change. */
export function registerTargets(service: VirtualService): void {
  services.tell(service, service);
}

/** Virtual services below `root` with one of these targets, in the order of the program. */
export function servicesWithTarget(root: IConstruct, targets: readonly unknown[]): VirtualService[] {
  const { all, positions } = services.below(root);
  const found = new Set(targets.flatMap((target) => [...(positions.get(target) ?? [])]));
  return [...found].sort((a, b) => a - b).flatMap((position) => all[position] ?? []);
}
