import { Failure } from "../../private/failure";
import type { ObjectContext } from "../object";
import { ApisixObject, wire, without } from "../render/document";
import type { SharedUpstream } from "../shared-upstream";
import type { Upstream } from "../upstream";

/** Options of every plugin. */
export interface CommonPluginOptions {
  /** Order, filter and error response. @default - APISIX's own order, every request, the plugin's own response */
  readonly meta?: PluginMeta;
}

/**
 * Order, filter and error response of a plugin.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/plugin/#plugin-common-configuration
 */
export interface PluginMeta {
  /** Whether it is turned off. @default false */
  readonly disable?: boolean;
  /** Priority, a whole number; plugins with a higher one run first. @default - the plugin's own */
  readonly priority?: number;
  /** Conditions on the requests for which it runs: `[["arg_version", "==", "v2"]]`. @default - all */
  readonly filter?: readonly (readonly unknown[])[];
  /** Response of refused requests. @default - the plugin's own */
  readonly errorResponse?: string | Readonly<Record<string, unknown>>;
}

/** Makes an upstream an object of its own, and returns its id. @param name unique within the object */
export type ToUpstreamId = (upstream: Upstream | SharedUpstream, at: string, name: string) => string;

/** What a plugin comes down to. */
export interface PluginParts {
  readonly name: string;
  readonly render: (toUpstreamId: ToUpstreamId, at: string) => ApisixObject;
  readonly failures: (at: string, context: ObjectContext) => Failure[];
  /** Of one that authenticates: whether it is a consumer's (`credential`), or demands one of each request (`guard`). */
  readonly role?: "credential" | "guard";
}

/** Parts of a plugin that has nothing but options. @param config without what is common to all */
export function partsOf(
  name: string,
  { meta }: CommonPluginOptions,
  config: ApisixObject,
  failures: PluginParts["failures"],
  role?: PluginParts["role"],
): PluginParts {
  const rendered = withMeta(config, meta);
  return {
    name,
    role,
    render: () => rendered,
    failures: (at, context) => [...metaFailures(at, meta), ...failures(at, context)],
  };
}

export function withMeta(config: ApisixObject, meta: PluginMeta | undefined): ApisixObject {
  const rest = without(config, "meta");
  return meta === undefined ? rest : { ...rest, _meta: wire(meta) };
}

export function metaFailures(at: string, meta: PluginMeta | undefined): Failure[] {
  const { priority } = meta ?? {};
  if (priority === undefined || Number.isInteger(priority)) return [];
  return [{ property: `${at}.meta.priority`, rule: "must be a whole number", got: priority, cure: "for example 1000" }];
}
