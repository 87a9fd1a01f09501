import fc from "fast-check";
import { templateLiteral, templateLiterals } from "../../cli/template-literal";
import { escapeTemplate, escapeTemplates } from "../../constructs/private/template-escape";

const awkwardText = fc.oneof(
  fc
    .array(fc.constantFrom("$", "%", "{", "}", "${", "%{", "$$", "%%", '"', '${"$$"}{', "x", "é", "e\u0301"), {
      maxLength: 12,
    })
    .map((parts) => parts.join("")),
  fc.string({ unit: "grapheme" }),
);

test("whatever was escaped comes out as it went in, in Unicode's composed form as Terraform keeps it", () => {
  fc.assert(
    fc.property(awkwardText, (text) => {
      expect(templateLiteral(escapeTemplate(text))).toBe(text.normalize("NFC"));
    }),
    { numRuns: 2000 },
  );
});

test("keys and values of nested objects", () => {
  const value = { "${a}": ["%{b}", 1, true, null], "$${c}": { d: "%%{" } };
  expect(templateLiterals(escapeTemplates(value))).toEqual(value);
});

test.each([
  "${consul_node.d2.name}",
  "a ${var.x} b",
  "%{ if true }x%{ endif }",
  '${"text"}',
  '${"$$"}',
  "$$${x}",
  "%$${x}",
  '$$${"$$"}{',
])("an expression of Terraform is none: %s", (text) => {
  expect(templateLiteral(text)).toBeUndefined();
});
