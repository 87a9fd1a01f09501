import { Condition, GatewayService } from "../../constructs";
import { nodes, route } from "./support/builds";
import { Build, refusalOf } from "./support/gateway";

describe("a route is refused at once, with what to do instead:", () => {
  test.each<[string, Build, string]>([
    [
      "a route without a uri",
      route({ uri: undefined }),
      "test/hello: 'uri' must be given, or uris: for example uri: '/hello/*'",
    ],
    [
      "a route with uri and uris",
      route({ uris: ["/a"] }),
      "test/hello: 'uri' can't go with uris, got \"/hello\": leave out uri, and add it to uris",
    ],
    [
      "a uri that is a URL",
      route({ uri: "http://www.example.com/hello" }),
      "test/hello: 'uri' must start with '/', got \"http://www.example.com/hello\": write '/hello'",
    ],
    [
      "a star in the middle of a uri",
      route({ uri: undefined, uris: ["/a", "/b/*/c"] }),
      "test/hello: 'uris' can have '*' at the end only, got \"/b/*/c\": write '/b/*'",
    ],
    [
      "arguments in a uri",
      route({ uri: "/hello?a=b" }),
      'test/hello: \'uri\' must be a path alone, without \'?\', \'#\' and white space, got "/hello?a=b": match arguments by vars: [["arg_version", "==", "v2"]]',
    ],
    [
      "a route to two places",
      (stack, gateway) => {
        const service = new GatewayService(stack, "site", { gateway, upstream: nodes() });
        route({ service })(stack, gateway);
      },
      "test/hello: 'upstream' can't go with 'service', which has one: leave either out",
    ],
    [
      "an unknown method",
      route({ methods: ["get"] }),
      "test/hello: 'methods' must be of GET POST PUT DELETE PATCH HEAD OPTIONS CONNECT TRACE PURGE, got \"get\": use capitals",
    ],
    [
      "a priority that is not whole",
      route({ priority: 1.5 }),
      "test/hello: 'priority' must be a whole number, got 1.5: 0 is usual, higher ones win",
    ],
    [
      "a host with a path",
      route({ hosts: ["www.example.com/a"] }),
      "test/hello: 'hosts' must be host names, with '*' at most at the start, got \"www.example.com/a\": write it like 'www.example.com' or '*.example.com'",
    ],
    [
      "a client's address that is a name",
      route({ remoteAddrs: ["localhost"] }),
      "test/hello: 'remoteAddrs' must be IP addresses or subnets, got \"localhost\": write it like '192.168.139.184' or '10.0.0.0/8'",
    ],
    [
      "vars that are no conditions",
      route({ vars: [["arg_a", "="] as unknown as Condition, ["$arg_a", "==", 1], ["arg_a", "=", 1]] }),
      [
        "test/hello: 3 problems",
        '  - \'vars[0]\' must be [name, operator, value], got ["arg_a","="]: write it like ["arg_version", "==", "v2"]',
        "  - 'vars[1]' must have a name without a dollar, got \"$arg_a\": write 'arg_a'",
        '  - \'vars[2]\' must have one of the operators == ~= > >= < <= ~~ ~* in has ipmatch, got "=": write it like ["arg_version", "==", "v2"]',
      ].join("\n"),
    ],
  ])("%s", (_, build, message) => {
    expect(refusalOf(build)).toBe(message);
  });
});
