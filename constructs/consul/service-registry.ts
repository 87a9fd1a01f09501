import { IConstruct } from "constructs";
import { WholeProgram } from "../private/whole-program";

const announced = new WholeProgram<ReadonlySet<string>, ReadonlySet<string>>(
  (all) => new Set(all.flatMap(({ what }) => [...what])),
);

/** Says that a construct registers a service in Consul, so that what follows the service by name can be checked. */
export function announceService(by: IConstruct, name: string): void {
  announced.tell(by, new Set([...(announced.toldBy(by) ?? []), name]));
}

/** Whether something below `root` registers a service of that name. */
export function isAnnounced(root: IConstruct, name: string): boolean {
  return announced.below(root).has(name);
}

/** Every service that something below `root` registers, sorted. */
export function announcedServices(root: IConstruct): string[] {
  return [...announced.below(root)].sort();
}
