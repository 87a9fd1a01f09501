import { join } from "node:path";
import { Contribution, nodeProgram, PROGRAM_FOLDER } from "../machine";
import { durationFailures, secondsOf } from "../private/duration";
import { Validation } from "../private/validation";
import { SavedAgent, snapshotText, snapshotUnits } from "./render/snapshots";
import { agentAccessModule } from "./secrets";

/** Options of snapshots. */
export interface SnapshotOptions {
  /** Number of snapshots that each server keeps, 1 to 1000; older ones are removed. @default 24 */
  readonly keep?: number;
}

/**
 * Snapshots of a cluster's state, saved by a timer on each of its servers: Consul's keys, catalog and configuration entries, Nomad's jobs,
 * allocations and variables. They are in `/var/lib/vipstack/snapshots`, readable by root only, and go with the machine:
 * `/usr/local/lib/vipstack/consul-snapshot fetch` and `restore` there, and those of `nomad-snapshot`, take one to another place and bring
 * it back (docs/cluster.md).
 *
 * @see https://developer.hashicorp.com/consul/commands/snapshot/save
 * @see https://developer.hashicorp.com/nomad/docs/commands/operator/snapshot/save
 */
export class Snapshots {
  /** @param interval time between two snapshots, a Go duration of whole seconds from `"1m"` to `"24h"` */
  static every(interval: string, options: SnapshotOptions = {}): Snapshots {
    return new Snapshots(interval, options.keep ?? 24);
  }

  private constructor(
    /** Time between two snapshots, as a Go duration. */
    readonly interval: string,
    /** Number of snapshots that each server keeps. */
    readonly keep: number,
  ) {}

  /** @internal */
  _validate(validation: Validation): void {
    const { interval, keep } = this;
    validation.add(
      ...durationFailures(
        { "snapshots.interval": interval },
        { min: "1m", max: "24h", whole: "seconds" },
        "'1h' is usual",
      ),
    );
    validation.integer("snapshots.keep", keep, 1, 1000, "24 are those of a day, with an interval of '1h'");
  }

  /** @internal */
  _of(agent: string, saved: SavedAgent): Contribution {
    const program = `${PROGRAM_FOLDER}/${agent}-snapshot`;
    return {
      files: [
        agentAccessModule(),
        nodeProgram("agent-snapshot", join(__dirname, "programs", "agent-snapshot.py")),
        { path: program, content: snapshotText({ ...saved, agent, keep: this.keep }), mode: "0755" },
      ],
      units: snapshotUnits({ agent, save: `${program} save`, seconds: secondsOf(this.interval) }),
      generated: [`/var/lib/vipstack/snapshots/${agent}/*`],
    };
  }
}
