import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withoutProviders, withProviders } from "../../cli/terraform";
import { eachTerraform, TERRAFORM_ENVIRONMENT } from "../support/terraform";

test("a signed provider comes from a registry, one that is not from a mirror", () => {
  expect(withProviders("- Installed hashicorp/nomad v2.5.2 (signed by HashiCorp)")).toMatchObject({
    by: "terraform",
    skipProviderLock: false,
  });
  expect(withProviders("- Installed hashicorp/nomad v2.5.2 (unauthenticated)")).toMatchObject({
    by: "terraform",
    skipProviderLock: true,
    reason: "Terraform's providers come from a local mirror",
  });
});

test("a registry that can't be reached", () => {
  const output = [
    "╷",
    "│ Error: Failed to query available provider packages",
    "│",
    "│ Could not retrieve the list of available versions for provider",
    "│ hashicorp/nomad: could not connect to registry.example: failed to request",
    '│ discovery document: Get "https://registry.example/x": dial tcp: lookup',
    "│ registry.example on 192.0.2.1:53: no such host",
    "╵",
  ].join("\n");
  expect(withoutProviders("workloads", output)).toEqual({
    by: "handover",
    skipProviderLock: false,
    reason:
      "handed to the agents without Terraform, which has no providers here (hashicorp/nomad: could not connect to registry.example: no such host)",
  });
});

test("OpenTofu's own words for it", () => {
  const output = [
    "Error: Failed to resolve provider packages",
    "",
    "Could not resolve provider hashicorp/nomad: could not connect to",
    "registry.example: failed to request discovery document: Get",
    '"https://registry.example/x": dial tcp: lookup registry.example: no such host',
  ].join("\n");
  expect(withoutProviders("workloads", output).reason).toBe(
    "handed to the agents without Terraform, which has no providers here (hashicorp/nomad: could not connect to registry.example: no such host)",
  );
});

test("another failure of terraform init is reported as it is", () => {
  expect(() => withoutProviders("workloads", "Error: Invalid JSON")).toThrow("Error: Invalid JSON");
});

eachTerraform("what it says where its mirror is empty", (binary) => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-way-"));
  try {
    const provider = { source: "hashicorp/nomad", version: "2.5.2" };
    writeFileSync(
      join(folder, "main.tf.json"),
      JSON.stringify({ terraform: { required_providers: { nomad: provider } } }),
    );
    writeFileSync(
      join(folder, "empty.rc"),
      `provider_installation {\n  filesystem_mirror {\n    path = "${folder}"\n  }\n}\n`,
    );
    const env = { ...TERRAFORM_ENVIRONMENT, TF_CLI_CONFIG_FILE: join(folder, "empty.rc") };
    const init = spawnSync(binary, ["init", "-input=false", "-no-color"], { cwd: folder, env, encoding: "utf8" });
    expect(withoutProviders("workloads", init.stdout + init.stderr).reason).toContain(
      "(hashicorp/nomad: provider registry",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
