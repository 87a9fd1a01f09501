import { Token } from "cdktf";
import { IConstruct } from "constructs";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { durationFailures } from "../private/duration";

/** How the user names the parts of a job, for its errors: a `Job` nests them, a `WebJob` has them flat. */
export interface JobShape {
  /** Start of the names of a group's properties: `groups.web.`. */
  readonly group: (group: string) => string;
  /** Start of the names of a task's properties: `groups.web.tasks.server.`. */
  readonly task: (group: string, task: string) => string;
  /** The property that holds the name of a task. */
  readonly taskName: (group: string, task: string) => string;
  /** A service by its number; without a task it is one of the group's. */
  readonly service: (group: string, task: string | undefined, index: number) => ServiceNames;
}

/** How the user names a service and its parts. */
export interface ServiceNames {
  /** The service itself: `groups.web.services[0]`. */
  readonly at: string;
  readonly port: string;
  readonly check: (index: number) => string;
}

/** The names of a service that is an object of its own. */
export function serviceNames(at: string): ServiceNames {
  return { at, port: `${at}.port`, check: (index) => `${at}.checks[${index}]` };
}

/** As `JobOptions` nest. */
export const NESTED: JobShape = {
  group: (group) => `groups.${group}.`,
  task: (group, task) => `groups.${group}.tasks.${task}.`,
  taskName: (group) => `groups.${group}.tasks`,
  service: (group, task, index) => {
    const owner = task === undefined ? NESTED.group(group) : NESTED.task(group, task);
    return serviceNames(`${owner}services[${index}]`);
  },
};

/** A hundred days: what is longer is almost always a mistake in the unit. */
const LONGEST = "2400h";

/**
 * Collects what is wrong with a job. Values that only Terraform knows are left for Nomad to check, except durations: the API
 * takes them in nanoseconds.
 */
export class JobValidation extends Validation {
  constructor(
    scope: IConstruct,
    readonly shape: JobShape,
  ) {
    super(scope);
  }

  override require(ok: boolean, failure: Failure): void {
    super.require(ok || Token.isUnresolved(failure.got), failure);
  }

  /** A Go duration; a left out one passes. @param least what Nomad takes at least */
  duration(property: string, text: string | undefined, least = "0s"): void {
    if (text !== undefined) this.add(...durationFailures({ [property]: text }, { min: least, max: LONGEST }));
  }

  /** Records that a property can't be given here. @param rule after `can't go with` */
  refuse(given: boolean, property: string, rule: string, got: unknown, cure = "leave it out"): void {
    this.require(!given, { property, rule: `can't go with ${rule}`, got, cure });
  }
}

/** ` (www, admin)`: the names that a rule allows. */
export function listOf(names: readonly string[]): string {
  return names.length === 0 ? "" : ` (${names.join(", ")})`;
}

export function cureForLabel(labels: readonly string[]): string {
  return labels.length === 0 ? "add it to 'ports'" : "use one of them, or add it to 'ports'";
}
