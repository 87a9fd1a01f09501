import { PRESET_TIMER } from "listr2";

/** How long work is shown: a living list on a terminal, plain lines with times elsewhere. */
export const PROGRESS = {
  // Ctrl-C is handled where Terraform runs: it has to end in its own way.
  registerSignalListeners: false,
  rendererOptions: { collapseSubtasks: false, timer: PRESET_TIMER },
  fallbackRenderer: "verbose",
  fallbackRendererOptions: { timer: PRESET_TIMER },
} as const;
