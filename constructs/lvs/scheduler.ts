/** Flags of the schedulers that hash. */
export interface HashingOptions {
  /** Whether the port is hashed together with the address. @default false */
  readonly port?: boolean;
  /**
   * Whether a connection goes to another real server if the hashed one takes none (weight 0, draining, at its threshold). Otherwise
   * such clients are refused: see `Refusal.HASHING_WITHOUT_FALLBACK`.
   *
   * @default true
   */
  readonly fallback?: boolean;
}

/**
 * Algorithm by which a virtual service chooses the real server of a new connection.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export class Scheduler {
  /** Round robin; weights are ignored, except 0. */
  static readonly ROUND_ROBIN = new Scheduler("rr");
  /** Round robin in proportion to the weights: 5, 3 and 2 get 50, 30 and 20 of a hundred. */
  static readonly WEIGHTED_ROUND_ROBIN = new Scheduler("wrr");
  /** The real server with the fewest connections. */
  static readonly LEAST_CONNECTION = new Scheduler("lc");
  /** The real server with the fewest connections for its weight. */
  static readonly WEIGHTED_LEAST_CONNECTION = new Scheduler("wlc");
  /** For caches: one destination address stays with one real server, unless that is overloaded. */
  static readonly LOCALITY_BASED_LEAST_CONNECTION = new Scheduler("lblc");
  /** For caches: one destination address stays with a small set of real servers. */
  static readonly LOCALITY_BASED_LEAST_CONNECTION_WITH_REPLICATION = new Scheduler("lblcr");
  /**
   * Hash of the destination address. It has no fallback: while a real server drains, its clients are refused. See
   * {@link LOCALITY_BASED_LEAST_CONNECTION}.
   */
  static readonly DESTINATION_HASHING = new Scheduler("dh");
  /** Hash of the client's address. Half of the clients move when a real server leaves; {@link maglevHashing} avoids that. */
  static readonly SOURCE_HASHING = new Scheduler("sh", hashingFlags("sh", {}));
  /** The real server that is expected to answer first, by connections and weight. */
  static readonly SHORTEST_EXPECTED_DELAY = new Scheduler("sed");
  /** An idle real server if there is one, else the shortest expected delay. */
  static readonly NEVER_QUEUE = new Scheduler("nq");
  /** The real server with the highest weight; the next one once that is gone. */
  static readonly WEIGHTED_FAILOVER = new Scheduler("fo");
  /** The real server with the highest weight until it has as many connections as its weight; then the next one. */
  static readonly WEIGHTED_OVERFLOW = new Scheduler("ovf");
  /** Maglev's hash of the client's address: very few other clients move when a real server leaves. */
  static readonly MAGLEV_HASHING = new Scheduler("mh", hashingFlags("mh", {}));
  /** Random by weight. Iptables plane only. */
  static readonly RANDOM = new Scheduler("random");

  /** {@link SOURCE_HASHING} with its flags `sh-port` and `sh-fallback`. */
  static sourceHashing(options: HashingOptions = {}): Scheduler {
    return new Scheduler("sh", hashingFlags("sh", options));
  }

  /** {@link MAGLEV_HASHING} with its flags `mh-port` and `mh-fallback`. */
  static maglevHashing(options: HashingOptions = {}): Scheduler {
    return new Scheduler("mh", hashingFlags("mh", options));
  }

  /**
   * A scheduler by ipvsadm's word; its kernel module is `ip_vs_WORD`.
   *
   * @param word one of ipvsadm's, for example `twos`; another one is an error of the virtual service
   * @param flags as in `ipvsadm --sched-flags`, each once
   */
  static of(word: string, flags: readonly string[] = []): Scheduler {
    return new Scheduler(word, flags);
  }

  private constructor(
    /** ipvsadm's word: `wrr`. */
    readonly word: string,
    /** As in `ipvsadm --sched-flags`, in the order in which it prints them. */
    readonly flags: readonly string[] = [],
  ) {}
}

function hashingFlags(word: string, { port = false, fallback = true }: HashingOptions): string[] {
  return [...(fallback ? [`${word}-fallback`] : []), ...(port ? [`${word}-port`] : [])];
}

/**
 * The schedulers that ipvsadm and the rules program on a director take (SCHEDULERS of programs/ipvs_table.py; a test compares the
 * two): a word that one of them doesn't know would make all rules of that director wrong.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export const SCHEDULER_WORDS: readonly string[] = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos".split(" ");

/** What `--sched-flags` takes with a scheduler. */
export function flagsOf(word: string): string[] {
  if (word === "sh" || word === "mh") return [`${word}-fallback`, `${word}-port`];
  return ["flag-1", "flag-2", "flag-3"];
}
