import { spawnSync } from "node:child_process";

/** The environment in which Terraform does not look for a newer version. */
export const TERRAFORM_ENVIRONMENT = { ...process.env, CHECKPOINT_DISABLE: "1" };

const present = spawnSync("terraform", ["version"], { env: TERRAFORM_ENVIRONMENT }).status === 0;
if (!present) console.warn("SKIPPED every test that runs Terraform: there is none on the PATH");

/** A test that runs a real Terraform; skipped, and said so, where there is none. */
export const withTerraform = present ? test : test.skip;
