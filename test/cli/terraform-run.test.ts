import { terraformErrors } from "../../cli/terraform-run";

test("of all that cdktf prints, Terraform's own errors", () => {
  const output = [
    "platform  consul_keys.settings (settings/Default): Creation complete after 0s [id=consul]",
    "platform  Error: failed to register service: Key contains invalid characters",
    "",
    "            with consul_service.web (web/Default),",
    "            on cdk.tf.json line 125, in resource.consul_service.web (web/Default):",
    "",
    "0 Stacks deploying     1 Stack done     1 Stack waiting",
    "Invoking Terraform CLI failed with exit code 1",
  ];
  expect(terraformErrors(output.join("\n"))).toBe(
    [
      "platform  Error: failed to register service: Key contains invalid characters",
      "with consul_service.web (web/Default),",
      "on cdk.tf.json line 125, in resource.consul_service.web (web/Default):",
    ].join("\n"),
  );
});

test("where there are none, the end of the output", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  expect(terraformErrors(lines.join("\n"))).toBe(lines.slice(10).join("\n"));
});
