import { terraformErrors } from "../../cli/terraform-errors";

/** As cdktf 0.21 prints it of Terraform 1.11. */
const COMMANDS = `machines  terraform_data.a (a/Default): Provisioning with 'local-exec'...
          terraform_data.a (a/Default) (local-exec): Executing: ["/bin/sh" "-c" "make a"]
          terraform_data.b_live (b/live) (local-exec): Executing: ["/bin/sh" "-c" "push b"]
          terraform_data.a (a/Default) (local-exec): starting
machines  terraform_data.b_live (b/live) (local-exec): ssh: connect to host 10.0.0.3 port 22: Connection refused
          terraform_data.a (a/Default) (local-exec): boom: the machine could not be made, because of a reason that fills more than one line of 80 columns

          Error: local-exec provisioner error

            with terraform_data.a (a/Default),
            on cdk.tf.json line 34, in resource.terraform_data.a (a/Default).provisioner[0].local-exec:
            34:             }

          Error running command 'make a': exit status 3. Output: boom: the machine could
          not be made, because of a reason that fills more than one line of 80 columns


          Error: local-exec provisioner error

            with terraform_data.b_live (b/live),
            on cdk.tf.json line 117, in resource.terraform_data.b_live (b/live).provisioner[0].local-exec:
           117:             }

          Error running command 'push b': exit status 255. Output: ssh: connect to
          host 10.0.0.3 port 22: Connection refused


0 Stacks deploying     1 Stack done     0 Stacks waiting
Invoking Terraform CLI failed with exit code 1
`;

test("of a command that failed: what it printed, once, in the lines that it printed", () => {
  expect(terraformErrors(COMMANDS)).toBe(
    `Error: the command of terraform_data.a: exit status 3
  starting
  boom: the machine could not be made, because of a reason that fills more than one line of 80 columns
Error: the command of terraform_data.b_live: exit status 255
  ssh: connect to host 10.0.0.3 port 22: Connection refused`,
  );
});

test("of a command that printed nothing: Terraform's own words", () => {
  const silent = COMMANDS.replace(/.*\(local-exec\): .*\n/g, "");
  expect(terraformErrors(silent).split("\n")[1]).toBe(
    "  Error running command 'make a': exit status 3. Output: boom: the machine could not be made, because of a reason that fills more than one line of 80 columns",
  );
});

test("of a provider: its words without the place in the synthesized JSON; indented lines stay", () => {
  const output = [
    "platform  consul_keys.settings (settings/Default): Creation complete after 0s [id=consul]",
    "platform  Error: failed to register service: Key contains invalid characters",
    "",
    "            with consul_service.web (web/Default),",
    "            on cdk.tf.json line 125, in resource.consul_service.web (web/Default):",
    "           125:       }",
    "",
    "          2 errors occurred:",
    "            * one",
    "            * another that is long enough to reach far beyond the column at which Terraform wraps",
    "",
    "0 Stacks deploying     1 Stack done     1 Stack waiting",
    "Invoking Terraform CLI failed with exit code 1",
  ];
  expect(terraformErrors(output.join("\n"))).toBe(
    [
      "Error: failed to register service: Key contains invalid characters (consul_service.web)",
      "  2 errors occurred:",
      "    * one",
      "    * another that is long enough to reach far beyond the column at which Terraform wraps",
    ].join("\n"),
  );
});

test("an error that several stacks have is said once", () => {
  const error = "a  Error: no network\n\n";
  expect(terraformErrors(error + error.replace("a ", "b "))).toBe("Error: no network");
});

test("of a variable without a value: how to set it, not Terraform's arguments, which vipstack does not take", () => {
  const output = `machines  Error: No value for required variable

            on cdk.tf.json line 95, in variable:
            95:     "admin_key": {

          The root module input variable "admin_key" is not set, and has no default
          value. Use a -var or -var-file command line argument to provide a value for
          this variable.
`;
  expect(terraformErrors(output)).toBe(
    "Error: No value for required variable: admin_key\n  set TF_VAR_admin_key in the environment",
  );
});

test("where there are none, the end of the output", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  expect(terraformErrors(lines.join("\n"))).toBe(lines.slice(10).join("\n"));
});
