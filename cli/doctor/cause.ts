import { Finding } from "./finding";
import { Facts, Look } from "./look";
import { Scene } from "./scene";

/** A possible reason why a virtual service does not answer: what to look at, and how to decide from it. */
export interface Cause {
  /** Name of its findings. */
  readonly name: string;
  /** What has to be looked at, beside the requests and packets that all causes share. */
  looks(scene: Scene): readonly Look[];
  /** Decides from what was seen alone. @returns undefined if the cause is not there */
  decide(scene: Scene, facts: Facts): Omit<Finding, "name"> | undefined;
  /** Names of causes that are only consequences of this one; their findings are left out. */
  readonly explains?: readonly string[];
}
