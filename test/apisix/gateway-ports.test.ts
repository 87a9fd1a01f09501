import { TerraformStack } from "cdktf";
import { parse } from "yaml";
import { GatewayOptions, MachineGateway } from "../../constructs";
import { adminWith, CONFIG, fileOf, gatewayModel, onMachines, onNomad, refusal } from "./support/gateways";

const TAKEN = "choose a port of its own";

describe("a gateway is refused with", () => {
  test.each<[string, GatewayOptions | ((stack: TerraformStack) => GatewayOptions), string]>([
    [
      "metrics on the control API's port",
      { pluginAttributes: { prometheus: { exportAddr: { ip: "127.0.0.1", port: 9090 } } } },
      "'pluginAttributes.prometheus.exportAddr.port' can't be the port of APISIX's control API, too, got 9090: choose a port of its own",
    ],
    [
      "metrics on a port that is taken",
      { pluginAttributes: { prometheus: { exportAddr: { ip: "0.0.0.0", port: 9443 } } } },
      `'httpsPort' can't be the port of APISIX's metrics, too, got 9443: ${TAKEN}`,
    ],
    [
      "one port for HTTP and HTTPS",
      { httpsPort: 9080 },
      `'httpsPort' can't be the port of 'httpPort', too, got 9080: ${TAKEN}`,
    ],
    [
      "the control API's port",
      { statusPort: 9090 },
      `'statusPort' can't be the port of APISIX's control API, too, got 9090: ${TAKEN}`,
    ],
    [
      "the port of its metrics",
      { streamPorts: { tcp: [9091] } },
      `'streamPorts.tcp' can't be the port of APISIX's metrics, too, got 9091: ${TAKEN}`,
    ],
    [
      "a stream port twice",
      { streamPorts: { tcp: [5432, 5432] } },
      `'streamPorts.tcp' can't be the port of 'streamPorts.tcp', too, got 5432: ${TAKEN}`,
    ],
    [
      "an Admin API on the port for clients",
      adminWith({ port: 9080 }),
      `'admin.port' can't be the port of 'httpPort', too, got 9080: ${TAKEN}`,
    ],
    [
      "a port that is none",
      { httpPort: 70000 },
      `'httpPort' must be a whole number from 1 to 65535, got 70000: ${TAKEN}`,
    ],
    [
      "a UDP port that is none",
      { streamPorts: { udp: [0] } },
      "'streamPorts.udp' must be a whole number from 1 to 65535, got 0: choose a UDP port",
    ],
  ])("%s", (_, options, words) => {
    const make = typeof options === "function" ? options : (): GatewayOptions => options;
    expect(refusal(() => gatewayModel(make))).toBe(`test/front: ${words}`);
    expect(refusal(() => onNomad(make))).toBe(`test/front: ${words}`);
  });

  test("another one on its machine, naming both", () => {
    const words = refusal(() =>
      onMachines(({ stack, consul, gw }) => {
        for (const id of ["front", "back"]) new MachineGateway(stack, id, { machines: [gw], consul });
      }),
    );
    const lines = words?.split("\n").filter((line) => line.startsWith("  ["));
    const claims = lines?.map((line) => line.replace(/: give .*/, ""));
    expect(claims).toEqual(
      [9080, 9443, 7085, 9090, 9091].map(
        (port) => `  [test/gw] test/back: 'ports' can't claim tcp port ${port}, which test/front listens on`,
      ),
    );
  });

  test("what listens already on a client of Nomad's, where the job would start and end again and again", () => {
    const words = refusal(() =>
      onNomad((stack, [web1]) => {
        web1!.contribute(stack, { title: "something", ports: [{ protocol: "tcp", port: 9090, address: "127.0.0.1" }] });
        return {};
      }),
    );
    expect(words).toMatch(/test\/front: 'ports' can't claim tcp port 9090, which test listens on: /);
  });
});

test("two gateways share a machine where every port is their own", () => {
  const own = { httpPort: 9081, httpsPort: 9444, statusPort: 7086, controlPort: 9092 };
  const site = onMachines(({ stack, consul, gw }) => {
    new MachineGateway(stack, "front", { machines: [gw], consul });
    const pluginAttributes = { prometheus: { exportAddr: { ip: "127.0.0.1", port: 9093 } } };
    new MachineGateway(stack, "back", { machines: [gw], consul, ...own, pluginAttributes });
  });
  const config = fileOf(site.gw.model, CONFIG.replace("front", "back"));
  expect(parse(config)).toMatchObject({ apisix: { control: { ip: "127.0.0.1", port: 9092 } } });
});
