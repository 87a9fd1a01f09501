import { Document, isScalar, Scalar, visit } from "yaml";

/**
 * A value of plain JSON as YAML that readers of version 1.1 (cloud-init's PyYAML) and 1.2 take alike: every string comes out as the
 * same string. Text of several lines is a literal block where it can be.
 *
 * @see https://yaml.org/spec/1.1/
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (isScalar<string>(node) && typeof node.value === "string") node.type = styleOf(node.value);
    },
  });
  // What must not stand in YAML as it is can only be in double quotes here.
  return document.toString({ lineWidth: 0, blockQuote: "literal" }).replace(UNPRINTABLE, escapeSequence);
}

function styleOf(text: string): Scalar.Type {
  if (fitsBlock(text)) return Scalar.BLOCK_LITERAL;
  return PLAIN.test(text) && !WORD.test(text) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
}

/** Starts like a word or a path and holds nothing that ends a plain scalar; so it is no number, date, `=` or `<<`. */
const PLAIN = /^[A-Za-z/](?!.*(: |:$| #| $))[ -~]*$/;

/** Words that YAML 1.1 takes for something else than text. */
const WORD = /^(y|n|yes|no|on|off|true|false|null)$/i;

/** Characters that YAML does not hold as they are, and its line breaks beside the newline. */
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/gu;

/** A text of several lines that shows its indentation from its first character on, and needs no escape sequence. */
function fitsBlock(text: string): boolean {
  return text.includes("\n") && !/^\s/.test(text) && text.search(UNPRINTABLE) < 0;
}

function escapeSequence(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
