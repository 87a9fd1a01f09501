/** How cdktf writes a value that only Terraform knows into strings, lists and keys. */
const MARK = /TfToken(\[|%5B)/i;

/** And into numbers: ones that no program has otherwise, recognized by their first 16 bits (single ones, those of lists). */
const NUMBERS = [0xfdff, 0xfbff];

/** Whether a value that only Terraform knows stands anywhere in this. Pure: it reads the text that such a value has at synth. */
export function holdsTerraformValue(value: unknown): boolean {
  if (typeof value === "string") return MARK.test(value) || holdsNumber(value);
  if (typeof value === "number") return isNumber(value);
  if (Array.isArray(value)) return value.some(holdsTerraformValue);
  if (typeof value !== "object" || value === null) return false;
  if ("resolve" in value) return true;
  return Object.entries(value).some(([key, inner]) => holdsTerraformValue(key) || holdsTerraformValue(inner));
}

/** Whether the text holds such a number; where it stands in other text it is no token to cdktf. */
export function holdsNumber(text: string): boolean {
  return (text.match(/-\d\.\d+e\+\d{3}/g) ?? []).some((number) => isNumber(Number(number)));
}

function isNumber(value: number): boolean {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  return NUMBERS.includes(bytes.getUint16(0));
}
