import { Plugin } from "../../../constructs";
import { consumer, plugin } from "../support/builds";
import { Build, refusalOf } from "../support/gateway";

describe("a plugin is refused where it is:", () => {
  test.each<[string, Build, string]>([
    [
      "a plugin that the gateway does not load",
      plugin(Plugin.other("gzip", {})),
      "test/hello: 'plugins[0]' must be loaded by the gateway, which would drop the whole object, got \"gzip\": add it to the gateway's 'plugins'",
    ],
    [
      "an unknown plugin",
      plugin(Plugin.other("limit-cuont", {})),
      "test/hello: 'plugins[0]' must be loaded by the gateway, which would drop the whole object, got \"limit-cuont\": mind the spelling: APISIX 3.18.0 ships no plugin of that name; one of your own goes into the gateway's 'plugins', with an 'image' that has it",
    ],
    [
      "a plugin twice",
      plugin(Plugin.prometheus(), Plugin.other("prometheus", {})),
      "test/hello: 'plugins[1]' can't be given twice in one object, got \"prometheus\": make one of the two",
    ],
    [
      "a credential on a route",
      plugin(Plugin.keyAuthCredential({ key: "$env://JACK_KEY" })),
      "test/hello: 'plugins[0]' must be of a consumer, got \"key-auth\": use Plugin.keyAuth() here",
    ],
    [
      "a guard on a consumer",
      consumer(Plugin.jwtAuth()),
      "test/jack: 'plugins[0]' can't guard a consumer, got \"jwt-auth\": use Plugin.jwtAuthCredential({ … })",
    ],
  ])("%s", (_, build, message) => {
    expect(refusalOf(build)).toBe(message);
  });

  test.each<[string, Build, string]>([
    [
      "a password in plain text",
      plugin(
        Plugin.limitCount({
          count: 1,
          timeWindow: "1s",
          policy: "redis",
          redisHost: "10.0.0.5",
          redisPassword: "hunter2",
        }),
      ),
      "test/hello: 'plugins[0].redis_password' must name a secret and not be one",
    ],
    [
      "a consumer's key in plain text",
      consumer(Plugin.keyAuthCredential({ key: "hunter2" })),
      "test/jack: 'plugins[0].key' must name a secret and not be one",
    ],
  ])("%s", (_, build, words) => {
    expect(refusalOf(build)).toContain(words);
  });
});
