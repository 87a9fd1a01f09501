import { WEIGHT_META } from "../consul";
import { allRendered, ApiService, copied, defined, listed } from "./job-specification";
import { Check } from "./service-check";

/**
 * One port of a group or task in the catalog. One name a port: instances of one name are taken for equals.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/service
 */
export interface JobServiceOptions {
  /** The label of its port, never a number: a number is registered without an address. @default - the group's only port */
  readonly port?: string;
  /** Letters, digits and hyphens, 63 at most. @default - JOB-GROUP, in a task JOB-GROUP-TASK, as Nomad does */
  readonly name?: string;
  /** @default "consul" */
  readonly provider?: "consul" | "nomad";
  /** Which address is registered. @default "auto" - Nomad's: the host's, unless the driver has its own */
  readonly addressMode?: "auto" | "host" | "alloc" | "driver";
  /** @default - none */
  readonly checks?: readonly Check[];
  /** @default - none */
  readonly tags?: readonly string[];
  /** In place of the tags while it is a canary. @default - the tags */
  readonly canaryTags?: readonly string[];
  /** @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** In place of the meta while it is a canary. @default - the meta */
  readonly canaryMeta?: Readonly<Record<string, string>>;
  /**
   * Share of new connections that a director gives to each instance, 1 to 65535, with a weighted scheduler. It is registered as
   * `vipstack-weight` of the service's meta, since a Nomad before 1.10 registers no weights.
   *
   * @default - 1, Consul's
   */
  readonly weight?: number;
  /** What checks count for in a deployment. @default "require_healthy" - Nomad's */
  readonly onUpdate?: "require_healthy" | "ignore_warnings" | "ignore";
}

/** A service with what was left out filled in, and where the caller wrote it. */
export interface NamedService {
  readonly at: string;
  readonly group: string;
  readonly task?: string;
  readonly name: string;
  /** Nothing where it can't be known: a failure. */
  readonly port?: string;
  readonly options: JobServiceOptions;
}

/** Seconds until its checks notice a change, at worst; 0 without a check. */
export function checkLagOf({ checks = [] }: JobServiceOptions): number {
  return Math.max(0, ...checks.map(({ lag }) => lag));
}

export function renderService({ name, port, options }: NamedService, onlyTask: string | undefined): ApiService {
  const {
    provider,
    addressMode,
    checks,
    tags,
    canaryTags,
    meta,
    canaryMeta,
    onUpdate,
    weight,
    ...rest
  }: Omit<JobServiceOptions, "name" | "port"> = options;
  allRendered(rest);
  return defined({
    Name: name,
    PortLabel: port ?? "",
    Provider: provider ?? "consul",
    AddressMode: addressMode,
    Tags: listed(tags, (tag) => tag),
    CanaryTags: listed(canaryTags, (tag) => tag),
    Meta: withWeight(meta, weight),
    // Canary meta takes the place of the meta.
    CanaryMeta: canaryMeta && withWeight(canaryMeta, weight),
    OnUpdate: onUpdate,
    Checks: listed(checks, (check) => check._render(onlyTask, provider ?? "consul")),
  });
}

function withWeight(
  meta: Readonly<Record<string, string>> | undefined,
  weight: number | undefined,
): Record<string, string> | undefined {
  return weight === undefined ? copied(meta) : { ...meta, [WEIGHT_META]: String(weight) };
}
