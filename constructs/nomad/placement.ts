import { allRendered, ApiAffinity, ApiConstraint, ApiSpread, ApiTaskGroup, copied, defined, listed } from "./api";
import type { JobValidation } from "./shape";

/**
 * Condition that a client must meet.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/constraint
 */
export interface ConstraintOptions {
  /** Attribute of the client, for example `${attr.kernel.name}`, `${meta.rack}`, `${node.unique.name}`. @default - none, as with `distinct_hosts` */
  readonly attribute?: string;
  /** Comparison: `=`, `!=`, `>`, `regexp`, `version`, `set_contains`, `distinct_hosts`, `distinct_property`, … @default "=" */
  readonly operator?: string;
  /** Value with which the attribute is compared. @default - none */
  readonly value?: string;
}

/**
 * Preference for clients.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/affinity
 */
export interface AffinityOptions extends ConstraintOptions {
  /** Weight relative to other affinities, -100 to 100, not 0. A negative weight avoids such clients. @default 50 - Nomad's */
  readonly weight?: number;
}

/**
 * Spreads instances over the values of an attribute.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/spread
 */
export interface SpreadOptions {
  /** Attribute of the client: `${node.datacenter}`, `${meta.rack}`. */
  readonly attribute: string;
  /** Weight relative to other spreads, 1 to 100. @default 50 - Nomad's */
  readonly weight?: number;
  /** Percentages by value, at most 100 together. @default - evenly */
  readonly targets?: Readonly<Record<string, number>>;
}

/** Constraints, affinities and spreads of a job, group or task. */
export interface PlacementOptions {
  /** Conditions that a client must meet. @default - none */
  readonly constraints?: readonly ConstraintOptions[];
  /** Preferences for clients. @default - none */
  readonly affinities?: readonly AffinityOptions[];
  /** Spreads over attributes of clients. Not for tasks. @default - none */
  readonly spreads?: readonly SpreadOptions[];
}

function renderConstraint({ attribute, operator, value, ...rest }: ConstraintOptions): ApiConstraint {
  allRendered(rest);
  return defined({ LTarget: attribute, RTarget: value, Operand: operator ?? "=" });
}

function renderAffinity({ weight, ...constraint }: AffinityOptions): ApiAffinity {
  return defined({ ...renderConstraint(constraint), Weight: weight });
}

function renderSpread({ attribute, weight, targets, ...rest }: SpreadOptions): ApiSpread {
  allRendered(rest);
  const percents = Object.entries(copied(targets) ?? {});
  return defined({
    Attribute: attribute,
    Weight: weight,
    SpreadTarget: percents.length === 0 ? undefined : percents.map(([Value, Percent]) => ({ Value, Percent })),
  });
}

/** The three blocks, as a job, a group or a task has them. */
export function renderPlacement({
  constraints,
  affinities,
  spreads,
  ...rest
}: PlacementOptions): Pick<ApiTaskGroup, "Constraints" | "Affinities" | "Spreads"> {
  allRendered(rest);
  return {
    Constraints: listed(constraints, renderConstraint),
    Affinities: listed(affinities, renderAffinity),
    Spreads: listed(spreads, renderSpread),
  };
}

/** @param at the start of the properties' names: `groups.web.`, or nothing */
export function validatePlacement(validation: JobValidation, at: string, placement: PlacementOptions): void {
  const { affinities = [], spreads = [] } = placement;
  for (const { weight } of affinities)
    validation.require(weight === undefined || (weight !== 0 && Math.abs(weight) <= 100), {
      property: `${at}affinities`,
      rule: "must have weights from -100 to 100, not 0",
      got: weight,
      cure: "50 is usual",
    });
  for (const { targets = {} } of spreads) {
    const sum = Object.values(targets).reduce((all, percent) => all + percent, 0);
    validation.require(sum <= 100, {
      property: `${at}spreads`,
      rule: "must have targets of 100 percent at most together",
      got: sum,
      cure: "lower some of them",
    });
  }
}

/** @param at the start of the properties' names: `groups.web.`, or nothing for the job's own */
export function validateSystemPlacement(validation: JobValidation, at: string, placement: PlacementOptions): void {
  for (const name of ["affinities", "spreads"] as const) {
    const reason = "JobType.SYSTEM, which runs on every client anyway";
    const cure = "use 'constraints' to leave clients out";
    validation.refuse(placement[name] !== undefined, `${at}${name}`, reason, undefined, cure);
  }
}
