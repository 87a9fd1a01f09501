import { Failure } from "../../private/failure";
import { isKnownPlugin, pluginRuns, pluginSince } from "./known-plugins";
import { isStream, Place } from "../place";
import { Plugin } from "./plugin";

/** Whether a plugin can be where it is. @param before those of the same object that come before it */
export function pluginNameFailures(
  property: string,
  plugin: Pick<Plugin, "name" | "_role">,
  before: readonly Pick<Plugin, "name">[],
  place: Place,
): Failure[] {
  const { name } = plugin;
  if (before.some((each) => each.name === name))
    return [{ property, rule: "can't be there twice in one object", got: name, cure: "make one of the two" }];
  return [...loadedFailures(property, name, place), ...roleFailures(property, plugin, place)];
}

function loadedFailures(property: string, name: string, place: Place): Failure[] {
  const { plugins, version } = place;
  const since = pluginSince(name);
  if (since !== undefined && !isKnownPlugin(name, version)) {
    const cure = `give the gateway APISIX ${since} or newer, or leave it out`;
    return [{ property, rule: `can't be used with APISIX ${version}: it came with ${since}`, got: name, cure }];
  }
  if (!plugins.includes(name)) {
    const cure =
      since === undefined
        ? `mind the spelling: APISIX ${version} has no such plugin; one of your own goes into the gateway's 'plugins'`
        : "add it to the gateway's 'plugins'";
    const rule = "must be loaded by the gateway, which would drop the whole object";
    return [{ property, rule, got: name, cure }];
  }
  if (since === undefined) return [];
  const { http, stream } = pluginRuns(name);
  if (isStream(place) ? stream : http || place.kind === "services") return [];
  const rule = isStream(place) ? "must be one for connections" : "must be one for requests";
  const cure = isStream(place) ? "leave it out of the stream route" : "use it in a StreamRoute";
  return [{ property, rule, got: name, cure }];
}

function roleFailures(
  property: string,
  { name, _role: role }: Pick<Plugin, "name" | "_role">,
  place: Place,
): Failure[] {
  const isConsumer = place.kind === "consumers";
  const maker = name === "key-auth" ? "keyAuth" : "jwtAuth";
  if (role === "credential" && !isConsumer)
    return [{ property, rule: "must be of a consumer", got: name, cure: `use Plugin.${maker}() here` }];
  if (role === "guard" && isConsumer)
    return [{ property, rule: "can't guard a consumer", got: name, cure: `use Plugin.${maker}Credential({ … })` }];
  return [];
}
