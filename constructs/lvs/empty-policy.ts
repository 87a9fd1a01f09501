export interface RefuseOptions {
  /** How long the last real servers stay before clients are refused, 0 to 86400 s. @default 30 */
  readonly graceSeconds?: number;
}

/** What happens to a virtual service when Consul has no healthy instance for it. */
export class EmptyPolicy {
  /**
   * Clients are refused at once, after a time in which the last real servers stay: an empty answer is often an accident of
   * the registry (a restart, a check that fails everywhere), not of every instance.
   */
  static refuse(options: RefuseOptions = {}): EmptyPolicy {
    return new EmptyPolicy(options.graceSeconds ?? 30);
  }

  /** The last real servers stay until an instance is healthy again, however long. */
  static keepLast(): EmptyPolicy {
    return new EmptyPolicy(undefined);
  }

  private constructor(
    /** Undefined: without limit. */
    readonly graceSeconds: number | undefined,
  ) {}
}
