import { IConstruct } from "constructs";
import { Validation } from "../private/validation";
import { WholeProgram } from "../private/whole-program";

/** The key of a service's meta that holds the weight of its instances: a Nomad before 1.10 can't register one. */
export const WEIGHT_META = "vipstack-weight";

/**
 * A service in Consul, from which a director's real servers or a gateway's upstream are taken. It consists of plain values, so that
 * only text goes from one stack to another.
 */
export interface ConsulService {
  /** Its name in the catalog, for example `hello-world-servers`. */
  readonly name: string;
  /** Label of the port with which it is registered. @default - not known: no job of the program registers it */
  readonly port?: string;
  /** Tag of the instances. A director can select instances by tag, a gateway can't. @default - all instances */
  readonly tag?: string;
  /**
   * Time that its checks need at worst to notice that an instance started or stopped to answer, as a Go duration: the number of failures in a
   * row, times interval plus timeout. `"0s"` without a check. A director warns if its grace for an empty service is shorter.
   *
   * @default - not known
   */
  readonly lag?: string;
  /**
   * Time for which an instance serves after it was taken out of the catalog, as a Go duration. A director warns if it needs longer than
   * that to notice.
   *
   * @default - not known
   */
  readonly shutdownDelay?: string;
}

/** Checks a service's name and meta by what Consul's catalog, and the DNS made of it, takes. */
export function validateService(
  validation: Validation,
  name: string,
  meta: Readonly<Record<string, string>> = {},
): void {
  validation.require(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name), {
    property: "name",
    rule: "must be a DNS label: letters, digits and hyphens, at most 63",
    got: name,
    cure: "choose a name like 'web'",
  });
  for (const [key, value] of Object.entries(meta))
    validation.require(/^[A-Za-z0-9_-]{1,128}$/.test(key) && value.length <= 512, {
      property: "meta",
      rule: "must have keys of letters, digits, '-' and '_', and values of at most 512 characters",
      got: { [key]: value },
      cure: "shorten it, or write a key like 'team_name'",
    });
}

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
