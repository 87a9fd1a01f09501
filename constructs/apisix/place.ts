import { ObjectKind } from "./gateway-end";

/** Where an upstream or a plugin is used, as far as it matters whether APISIX takes it. */
export interface Place {
  readonly kind: ObjectKind;
  /** Of the object: its `id`, for a consumer its `username`. */
  readonly id: string;
  /** The gateway's APISIX: `3.18.0`. */
  readonly version: string;
  /** The plugins that the gateway loads. */
  readonly plugins: readonly string[];
}

/** Whether it is about connections, not about requests. */
export function isStream({ kind }: Place): boolean {
  return kind === "stream_routes";
}
