import * as fc from "fast-check";
import { parse } from "yaml";
import { expectGolden } from "../../support/golden";
import { escaped, NOT_IN_YAML, oneLine, renderDocumentTemplate } from "../../../constructs/apisix/render/document";
import { fileOf, gatewayModel, ROUTES } from "../support/gateways";

test("the document's template, which leaves out what is no object, and escapes what YAML can't hold", () => {
  const template = renderDocumentTemplate("apisix/front");
  expectGolden("gateway.document.ctmpl", template);
  expect(fileOf(gatewayModel(), ROUTES)).toContain(template);
  for (const character of NOT_IN_YAML) {
    expect(oneLine({ desc: character })).toBe(`{"desc":"${escaped(character)}"}`);
    expect(template).toContain(`| replaceAll "${escaped(character)}" "\\${escaped(character)}"`);
  }
});

test("a document is a line of YAML, too, since a gateway's template puts it into YAML", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  const awkward = fc.constantFrom(
    "\u2028",
    "\u0085",
    "\u007f",
    "\ufeff",
    "#END",
    "\n#END\n",
    "- a: b",
    "é",
    "😀",
    "\\",
  );
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.oneof(text, awkward, fc.integer(), fc.boolean(), fc.array(text))),
      (document) => {
        const line = oneLine(document);
        expect(line).not.toMatch(/[\n\r\u2028\u2029\u0085]/);
        expect(JSON.parse(line)).toEqual(document);
        expect(parse(line)).toEqual(document);
      },
    ),
  );
});
