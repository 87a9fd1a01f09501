import { PRESET_TIMER } from "listr2";

/** How long work is shown: a living list on a terminal, plain lines with times elsewhere. */
export const PROGRESS = {
  rendererOptions: { collapseSubtasks: false, timer: PRESET_TIMER },
  fallbackRenderer: "verbose",
  fallbackRendererOptions: { timer: PRESET_TIMER },
} as const;
