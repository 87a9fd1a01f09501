import { gatewaySettings } from "../../constructs/apisix/gateway-options";
import { renderRunScript } from "../../constructs/apisix/machine-gateway-text";

test("Docker's own copy of a gateway's log has an end: a line a request would fill the disk", () => {
  const script = renderRunScript(gatewaySettings("gateway", {}));
  const command = /exec docker run [^]*?[^\\]\n/.exec(script)?.[0] ?? "";
  expect(command).toMatch(/ --log-opt max-size=10m [^]* apache\/apisix:3\.18\.0-debian /);
});
