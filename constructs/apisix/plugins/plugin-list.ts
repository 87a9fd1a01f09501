import { Failure } from "../../private/failure";
import { versionAtLeast } from "../../private/version";
import type { IGateway } from "../gateway-base";
import { draft, Draft, ObjectContext, OwnUpstream, strangerFailures } from "../object";
import { ApisixObject, leavesOf } from "../render/document";
import { SharedUpstream } from "../shared-upstream";
import { Upstream } from "../upstream";
import { isSecretReference, writtenOutSecret } from "../values";
import { factsOf, isKnownPlugin, laterFieldFailures, pluginRuns, words } from "./catalogue";
import { Plugin } from "./plugin";

/** The plugins of an object, and whether each of them can be there. */
export function pluginsDraft(plugins: readonly Plugin[] | undefined, gateway: IGateway, context: ObjectContext): Draft {
  if (plugins === undefined) return draft({});
  const ownUpstreams: OwnUpstream[] = [];
  const references: SharedUpstream[] = [];
  const failures: Failure[] = [];
  const toUpstreamId = (upstream: Upstream | SharedUpstream, at: string, name: string): string => {
    if (!Upstream.isUpstream(upstream)) {
      failures.push(...strangerFailures(at, upstream, gateway));
      references.push(upstream);
      return upstream.objectId;
    }
    const objectId = `${context.kind}.${context.id}.${name}`;
    failures.push(...upstream._failures(at, { ...context, kind: "upstreams" }));
    if (objectId.length > 64)
      failures.push({
        property: at,
        rule: `must leave room for an id of its own, of at most 64 characters, beside '${context.id}'`,
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
      ...placeFailures(at, plugin, plugins.slice(0, index), context),
      ...plugin._failures(at, context),
      ...secretFailures(at, plugin.name, config, context),
      ...laterFieldFailures(`plugins.${plugin.name}`, at, config, context.version),
    );
    return [plugin.name, config];
  });
  return draft({ fields: { plugins: Object.fromEntries(entries) }, failures, ownUpstreams, references });
}

/** Whether a plugin can be where it is. @param before those of the same object that come before it */
function placeFailures(property: string, plugin: Plugin, before: readonly Plugin[], context: ObjectContext): Failure[] {
  const { name } = plugin;
  if (before.some((each) => each.name === name))
    return [{ property, rule: "can't be given twice in one object", got: name, cure: "make one of the two" }];
  return [...loadedFailures(property, name, context), ...roleFailures(property, plugin, context)];
}

function loadedFailures(property: string, name: string, { kind, plugins, version }: ObjectContext): Failure[] {
  const facts = factsOf(name);
  if (facts !== undefined && !isKnownPlugin(name, version)) {
    const { since = "" } = facts;
    const cure = `give the gateway APISIX ${since} or newer, or leave it out`;
    return [{ property, rule: `can't be used with APISIX ${version}: it came with ${since}`, got: name, cure }];
  }
  if (!plugins.includes(name)) {
    const cure =
      facts === undefined
        ? `mind the spelling: APISIX ${version} ships no plugin of that name; one of your own goes into the gateway's 'plugins', with an 'image' that has it`
        : "add it to the gateway's 'plugins'";
    const rule = "must be loaded by the gateway, which would drop the whole object";
    return [{ property, rule, got: name, cure }];
  }
  if (facts === undefined) return [];
  const { requests, connections } = pluginRuns(name);
  const stream = kind === "stream_routes";
  if (stream ? connections : requests || kind === "services") return [];
  const rule = stream ? "must be one for connections" : "must be one for requests";
  const cure = stream ? "leave it out of the stream route" : "use it in a StreamRoute";
  return [{ property, rule, got: name, cure }];
}

function roleFailures(property: string, { name, _role: role }: Plugin, { kind }: ObjectContext): Failure[] {
  const isConsumer = kind === "consumers";
  const { maker = "", credentialMaker = "" } = factsOf(name) ?? {};
  if (role === "credential" && !isConsumer)
    return [{ property, rule: "must be of a consumer", got: name, cure: `use Plugin.${maker}() here` }];
  if (role === "guard" && isConsumer)
    return [{ property, rule: "can't guard a consumer", got: name, cure: `use Plugin.${credentialMaker}({ … })` }];
  return [];
}

/** @param config as APISIX gets it */
function secretFailures(at: string, name: string, config: ApisixObject, { kind, version }: ObjectContext): Failure[] {
  const { secrets, resolvesSecrets = "3.17.0" } = factsOf(name) ?? {};
  const fields = words(secrets);
  const texts = leavesOf(config)
    .filter(({ isName, value }) => !isName && typeof value === "string")
    .map((leaf) => ({ field: leaf.at.replace(/\[\d+\]/g, ""), text: String(leaf.value) }));
  const writtenOut = texts.filter(
    ({ field, text }) =>
      fields.some((secret) => field === secret || field.startsWith(`${secret}.`)) && !isSecretReference(text),
  );
  const resolved = kind === "consumers" || versionAtLeast(version, resolvesSecrets);
  return [
    ...writtenOut.map(({ field }) => writtenOutSecret(`${at}.${field}`)),
    ...(resolved ? [] : texts.filter(({ text }) => isSecretReference(text))).map(({ field, text }) => ({
      property: `${at}.${field}`,
      rule: `can't name a secret in ${name} before APISIX 3.17, which would take the reference for the secret`,
      got: text,
      cure: "give the gateway a newer APISIX",
    })),
  ];
}
