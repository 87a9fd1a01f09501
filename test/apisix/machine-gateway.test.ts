import { execFileSync } from "node:child_process";
import { TerraformStack } from "cdktf";
import { GatewayOptions, MachineGateway } from "../../constructs";
import { expectGolden, expectGoldenDifference } from "../support/golden";
import {
  admin,
  CONFIG,
  everything,
  fileOf,
  gatewayModel,
  onMachines,
  ROUTES,
  RUN,
  START,
  unitOf,
} from "./support/gateways";

test("what the container starts with", () => {
  expectGolden("gateway.start.sh", fileOf(gatewayModel(), START));
  expectGoldenDifference("gateway.start.admin.diff", "gateway.start.sh", fileOf(gatewayModel(admin), START));
});

test("consul-template writes it, in a unit of its own", () => {
  const model = gatewayModel();
  expectGolden("gateway.routes.hcl", fileOf(model, ROUTES));
  expectGolden("gateway.routes.service", unitOf(model, "vipstack-gateway-front-routes.service"));
});

test("the container's unit and its program", () => {
  expectGolden("gateway.service", unitOf(gatewayModel(), "vipstack-gateway-front.service"));
  expectGolden("gateway.run.sh", fileOf(gatewayModel(), RUN));
  expectGoldenDifference("gateway.run.everything.diff", "gateway.run.sh", fileOf(gatewayModel(everything), RUN));
  expect(
    fileOf(
      gatewayModel(() => ({ image: "registry.example/apisix:1" })),
      RUN,
    ),
  ).toContain("docker pull --quiet registry.example/apisix:1 >/dev/null;");
});

test.each<[string, ((stack: TerraformStack) => GatewayOptions) | undefined]>([
  ["as they come", undefined],
  ["with everything", everything],
  ["with the Admin API", admin],
])("a shell reads both scripts: %s", (_, options) => {
  const model = gatewayModel(options);
  for (const path of [RUN, START]) execFileSync("sh", ["-n"], { input: fileOf(model, path) });
  expect(fileOf(model, RUN)).toMatch(/^#!\/bin\/sh\n/);
});

test("a changed setting or secret reloads it, and only secrets are readable by root alone", () => {
  const model = gatewayModel(everything);
  const unit = "vipstack-gateway-front.service";
  expect(Object.fromEntries(model.liveFiles.map(({ path, reloads }) => [path, reloads]))).toMatchObject({
    [CONFIG]: unit,
    [START]: unit,
    [ROUTES]: "vipstack-gateway-front-routes.service",
  });
  expect(model.secrets).toEqual(
    ["BOB_KEY", "ALICE_KEY"].map((name) => ({
      path: `/etc/vipstack/secrets/gateway/front/${name}`,
      content: expect.any(String) as string,
      mode: "0600",
      units: [unit],
    })),
  );
});

test("ports below 1024 are for its container's user, too; the Admin API needs no consul-template", () => {
  const ports = (options?: (stack: TerraformStack) => GatewayOptions): string[] =>
    gatewayModel(options)
      .sysctls.filter(({ key }) => key === "net.ipv4.ip_unprivileged_port_start")
      .map(({ value }) => value);
  expect(ports()).toEqual([]);
  expect(ports(everything)).toEqual(["53"]);
  expect(gatewayModel(admin).units.map(({ name }) => name)).not.toContain("vipstack-gateway-front-routes.service");
  expect(gatewayModel(admin).downloads.map(({ path }) => path)).not.toContain("/usr/local/bin/consul-template");
});

test("its secrets by name, and what directors follow", () => {
  onMachines(({ stack, consul, gw, gw2 }) => {
    const gateway = new MachineGateway(stack, "front", { machines: [gw, gw2], consul, ...everything(stack) });
    expect(gateway.secret("ALICE_KEY")).toBe("$env://ALICE_KEY");
    expect(gateway.service).toEqual({ name: "front", port: "http", lag: "10s", shutdownDelay: "10s" });
    expect(gateway).toMatchObject({ documents: "apisix/front", version: "3.17.0", machines: [gw, gw2] });
  });
});
