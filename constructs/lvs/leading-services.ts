import { IConstruct } from "constructs";
import { WholeProgram } from "../private/whole-program";
import type { VirtualService } from "./virtual-service";

/** All of them, and their positions by where they lead: a machine, a name in Consul, or what stands for its instances. */
interface ByEnd {
  readonly all: readonly VirtualService[];
  readonly positions: ReadonlyMap<unknown, ReadonlySet<number>>;
}

const services = new WholeProgram<VirtualService, ByEnd>((told) => {
  const positions = new Map<unknown, Set<number>>();
  told.forEach(({ what: { followed, realServers } }, position) => {
    for (const end of [...realServers.map(({ machine }) => machine), followed?.service, followed?.known])
      if (end !== undefined) positions.set(end, (positions.get(end) ?? new Set()).add(position));
  });
  return { all: told.map(({ what }) => what), positions };
});

/** Takes a virtual service among those that lead somewhere: again whenever it leads elsewhere. */
export function leads(service: VirtualService): void {
  services.tell(service, service);
}

/** Those below `root` that lead to one of these ends, in the order of the program. */
export function servicesLeadingTo(root: IConstruct, ends: readonly unknown[]): VirtualService[] {
  const { all, positions } = services.below(root);
  const found = new Set(ends.flatMap((end) => [...(positions.get(end) ?? [])]));
  return [...found].sort((a, b) => a - b).flatMap((position) => all[position] ?? []);
}
