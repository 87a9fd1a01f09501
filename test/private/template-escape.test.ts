import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Token } from "cdktf";
import fc from "fast-check";
import { escapeTemplate, escapeTemplates } from "../../constructs/private/template-escape";
import { awkwardText } from "../support/awkward-text";
import { TERRAFORM, TERRAFORM_ENVIRONMENT, withTerraform } from "../support/terraform";

test("a single template start is doubled, its usual spelling", () => {
  expect(escapeTemplate("${HOME} %{http_code} 5% $5 {}")).toBe("$${HOME} %%{http_code} 5% $5 {}");
});

test("tokens keep working between escaped literals", () => {
  const token = Token.asString({ resolve: () => "x", creationStack: [], toString: () => "x" });
  expect(escapeTemplate(`\${A} ${token} %{B}`)).toBe(`$\${A} ${token} %%{B}`);
});

test("keys and values of nested objects are escaped, other values left alone", () => {
  expect(escapeTemplates({ "${a}": ["%{b}", 1, true, null] })).toEqual({ "$${a}": ["%%{b}", 1, true, null] });
});

withTerraform("any string comes out of Terraform byte for byte (a real terraform evaluates 300 of them)", () => {
  const texts = fc.sample(awkwardText, { numRuns: 300, seed: 20 });
  const folder = mkdtempSync(join(tmpdir(), "vipstack-escape-"));
  try {
    const output = Object.fromEntries(texts.map((text, index) => [`t${index}`, { value: escapeTemplate(text) }]));
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ output }));
    const env = TERRAFORM_ENVIRONMENT;
    execFileSync(TERRAFORM, ["apply", "-auto-approve", "-input=false"], { cwd: folder, env, stdio: "pipe" });
    const outputs = JSON.parse(
      execFileSync(TERRAFORM, ["output", "-json"], { cwd: folder, env, encoding: "utf8" }),
    ) as Record<string, { value: string }>;
    expect(texts.map((_, index) => outputs[`t${index}`]?.value)).toEqual(texts.map((text) => text.normalize("NFC")));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
