import { IConstruct } from "constructs";

const announced = new WeakMap<IConstruct, Set<string>>();

/** Says that a construct registers a service in Consul, so that what follows the service by name can be checked. */
export function announceService(by: IConstruct, name: string): void {
  const names = announced.get(by) ?? new Set();
  announced.set(by, names.add(name));
}

/** Every service that something below `root` registers, sorted. */
export function announcedServices(root: IConstruct): string[] {
  const names = root.node.findAll().flatMap((each) => [...(announced.get(each) ?? [])]);
  return [...new Set(names)].sort();
}
