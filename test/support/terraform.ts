import { spawnSync } from "node:child_process";

/** The environment in which Terraform does not look for a newer version. */
export const TERRAFORM_ENVIRONMENT = { ...process.env, CHECKPOINT_DISABLE: "1" };

/** What the tests run, as cdktf and `vipstack up` choose it: `TERRAFORM_BINARY_NAME=tofu` is OpenTofu for all of them. */
export const TERRAFORM = process.env.TERRAFORM_BINARY_NAME ?? "terraform";

const present = versionOf(TERRAFORM) !== undefined;
if (!present) console.warn(`SKIPPED every test that runs Terraform: there is no ${TERRAFORM} on the PATH`);

/** A test that runs a real Terraform; skipped, and said so, where there is none. */
export const withTerraform = present ? test : test.skip;

/** A test that runs a real Terraform and a real OpenTofu, one after the other. What is not there is skipped, and said so. */
export function eachTerraform(what: string, run: (binary: string) => void, timeout?: number): void {
  withTerraform(
    `${what} (${TERRAFORM})`,
    () => {
      run(TERRAFORM);
    },
    timeout,
  );
  if (versionOf(TERRAFORM)?.includes("OpenTofu")) return;
  const tofu = versionOf("tofu") !== undefined;
  if (!tofu)
    process.stderr.write(`SKIPPED: ${what} by OpenTofu (missing: tofu on the PATH, or TERRAFORM_BINARY_NAME)\n`);
  (tofu ? test : test.skip)(
    `${what} (tofu)`,
    () => {
      run("tofu");
    },
    timeout,
  );
}

/** What a program says of its version; undefined where it can't be run. */
function versionOf(binary: string): string | undefined {
  const { status, stdout } = spawnSync(binary, ["version"], { env: TERRAFORM_ENVIRONMENT, encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}
