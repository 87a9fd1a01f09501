import { Failure } from "../private/failure";
import { apisixVersionFailures } from "./apisix-versions-rules";
import { ApisixObject } from "./document-text";
import { IGatewayObject, ISharedUpstream } from "./gateway-object-end";
import { IGateway } from "./gateway-end";
import { pluginNameFailures } from "./plugins/plugin-rules";
import { pluginSecretFailures } from "./plugins/plugin-secrets";
import { isStream, Place } from "./place";
import { Plugin } from "./plugins/plugin";
import { Upstream } from "./upstream";

/** An upstream, and where the caller wrote it. */
export interface UsedUpstream {
  readonly at: string;
  readonly upstream: Upstream;
}

/** An upstream that has to be an object of its own. */
export interface OwnUpstream extends UsedUpstream {
  /** Of its construct. */
  readonly name: string;
  readonly objectId: string;
}

/** An object, or a part of one, before it is rendered. */
export interface Draft {
  readonly fields: ApisixObject;
  readonly failures: readonly Failure[];
  /** Inline upstreams. */
  readonly upstreams: readonly UsedUpstream[];
  readonly ownUpstreams: readonly OwnUpstream[];
  /** Objects that it names. */
  readonly names: readonly IGatewayObject[];
}

const NOTHING: Draft = { fields: {}, failures: [], upstreams: [], ownUpstreams: [], names: [] };

export function draft(part: Partial<Draft>): Draft {
  return { ...NOTHING, ...part };
}

export function joined(...parts: readonly Draft[]): Draft {
  return {
    fields: Object.assign({}, ...parts.map(({ fields }) => fields)) as ApisixObject,
    failures: parts.flatMap(({ failures }) => failures),
    upstreams: parts.flatMap(({ upstreams }) => upstreams),
    ownUpstreams: parts.flatMap(({ ownUpstreams }) => ownUpstreams),
    names: parts.flatMap(({ names }) => names),
  };
}

/** The upstream of an object: within it, or by the id of a shared one. */
export function upstreamDraft(
  upstream: Upstream | ISharedUpstream | undefined,
  gateway: IGateway,
  place: Place,
): Draft {
  const at = "upstream";
  if (upstream === undefined) return NOTHING;
  if (!(upstream instanceof Upstream))
    return draft({
      fields: { upstream_id: upstream.objectId },
      failures: strangerFailures(at, upstream, gateway),
      names: [upstream],
    });
  return draft({
    fields: { upstream: upstream._render(isStream(place)) },
    failures: upstream._failures(at, place),
    upstreams: [{ at, upstream }],
  });
}

export function pluginsDraft(plugins: readonly Plugin[] | undefined, gateway: IGateway, place: Place): Draft {
  if (plugins === undefined) return NOTHING;
  const ownUpstreams: OwnUpstream[] = [];
  const names: ISharedUpstream[] = [];
  const failures: Failure[] = [];
  const toUpstreamId = (upstream: Upstream | ISharedUpstream, at: string, name: string): string => {
    if (!(upstream instanceof Upstream)) {
      failures.push(...strangerFailures(at, upstream, gateway));
      names.push(upstream);
      return upstream.objectId;
    }
    const objectId = `${place.kind}.${place.id}.${name}`;
    failures.push(...upstream._failures(at, { ...place, kind: "upstreams" }));
    if (objectId.length > 64)
      failures.push({
        property: at,
        rule: `must leave room for an id of its own, of at most 64 characters, beside '${place.id}'`,
        got: objectId,
        cure: "choose a shorter objectId, or make it a SharedUpstream",
      });
    ownUpstreams.push({ at, upstream, name, objectId });
    return objectId;
  };
  const entries = plugins.map((plugin, index): [string, ApisixObject] => {
    const at = `plugins[${index}]`;
    const config = plugin._render(toUpstreamId, at);
    failures.push(
      ...pluginNameFailures(at, plugin, plugins.slice(0, index), place),
      ...plugin._failures(at, place),
      ...pluginSecretFailures(at, plugin.name, config, place),
      ...apisixVersionFailures(`plugins.${plugin.name}`, at, config, place.version),
    );
    return [plugin.name, config];
  });
  return draft({ fields: { plugins: Object.fromEntries(entries) }, failures, ownUpstreams, names });
}

/** An object of another gateway is nothing that this one knows. */
export function strangerFailures(at: string, object: IGatewayObject, gateway: IGateway): Failure[] {
  if (object.gateway === gateway) return [];
  const rule = `must be of the same gateway, and ${object.node.path} is of ${object.gateway.node.path}`;
  return [{ property: at, rule, got: object.objectId, cure: `make one for ${gateway.node.path}` }];
}
