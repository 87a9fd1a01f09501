import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { TerraformStack } from "cdktf";
import { GatewayOptions, MachineGateway, Route, StreamRoute, Upstream } from "../../constructs";
import { adminWith, onMachines, refusal, variable } from "./support/gateways";

const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });

describe("what is asked of a gateway is refused:", () => {
  /** A gateway `front`, with what `ask` wants of it. */
  function asking(
    options: (stack: TerraformStack) => GatewayOptions,
    ask: (gateway: MachineGateway, stack: TerraformStack) => unknown,
  ): string | undefined {
    return refusal(() =>
      onMachines(({ stack, consul, gw }) => {
        new ConsulProvider(stack, "consul-provider");
        ask(new MachineGateway(stack, "front", { machines: [gw], consul, ...options(stack) }), stack);
      }),
    );
  }

  test("a secret that it doesn't have", () => {
    const secrets = (stack: TerraformStack): GatewayOptions => ({ secrets: { ALICE_KEY: variable(stack, "alice") } });
    expect(asking(secrets, (gateway) => gateway.secret("BOB_KEY"))).toBe(
      "test/front: 'secrets' must have what is asked for (it has ALICE_KEY), got \"BOB_KEY\": add BOB_KEY: a reference to a sensitive Terraform variable",
    );
    expect(
      asking(
        () => ({}),
        (gateway) => gateway.secret("BOB_KEY"),
      ),
    ).toContain("(it has none)");
  });

  test("a route for one whose routes are its Admin API's", () => {
    expect(
      asking(adminWith({}), (gateway, stack) => new Route(stack, "hello", { gateway, uri: "/hello", upstream })),
    ).toBe(
      "test/hello: 'gateway' can't be test/front, whose routes are its Admin API's: send it to the Admin API, or leave 'admin' of test/front out",
    );
  });

  test("a stream route on a port that it doesn't have", () => {
    const ask = (gateway: MachineGateway, stack: TerraformStack): unknown =>
      new StreamRoute(stack, "db", { gateway, serverPort: 5432, upstream });
    expect(asking(() => ({ streamPorts: { tcp: [6379], udp: [53] } }), ask)).toBe(
      "test/db: 'serverPort' must be one of the gateway's stream ports (6379, 53), got 5432: add it to 'streamPorts' of test/front",
    );
    expect(asking(() => ({}), ask)).toContain("(none), got 5432");
    expect(asking(() => ({ streamPorts: { tcp: [5432] } }), ask)).toBeUndefined();
  });
});
