/** Options of {@link EmptyPolicy.refuse}. */
export interface RefuseOptions {
  /** Time for which the last real servers stay before clients are refused, in whole seconds from `"0s"` to `"24h"`. @default "30s" */
  readonly grace?: string;
}

/** Behavior of a virtual service or an upstream while Consul has no healthy instance for it. */
export class EmptyPolicy {
  /**
   * The last real servers stay for a grace time; after it clients are refused at once. The reason for the grace: an empty answer is often an
   * accident of the registry (a restart, a check that fails everywhere), not a failure of every instance.
   */
  static refuse(options: RefuseOptions = {}): EmptyPolicy {
    return new EmptyPolicy(options.grace ?? "30s");
  }

  /** The last real servers stay until an instance is healthy again, without a limit. */
  static keepLast(): EmptyPolicy {
    return new EmptyPolicy(undefined);
  }

  private constructor(
    /** How long the last ones stay. @default - without limit */
    readonly grace: string | undefined,
  ) {}
}
