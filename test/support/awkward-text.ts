import fc from "fast-check";

/** Text made mostly of what is special to Terraform, HCL, JSON and shells. */
export const awkwardText = fc.oneof(
  fc
    .array(
      fc.constantFrom("$", "%", "{", "}", "${", "%{", "$$", "%%", "~", '"', "\\", "\n", "x", "if", "é", "\u2028"),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
  fc.string({ unit: "binary" }),
);
