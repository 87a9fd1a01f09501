import { type Command, InvalidArgumentError } from "commander";
import { Progress } from "./events";
import { widenPath } from "./host";
import { LabState } from "./state";

/** The default folder of a lab. */
const DEFAULT_DIR = ".vipstack/lab/default";

/** What every command works with. */
interface CommandContext {
  readonly state: LabState;
  readonly progress: Progress;
}

/** A command of one lab: knows its folder. */
export function labCommand(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option("--dir <dir>", "folder of the lab", DEFAULT_DIR);
}

/** The lab and its progress reports, from a command's options. */
export function contextOf(options: { dir: string }): CommandContext {
  widenPath();
  const state = new LabState(options.dir);
  return { state, progress: new Progress(state) };
}

/** A number given on the command line. */
export function numberIn(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    }
    return value;
  };
}
