import { Fn } from "cdktf";
import { escapeTemplate } from "../private/template-escape";
import { ApiJob } from "./job-specification";

/** A string token as cdktf writes it into text. */
const TOKEN = /(\$\{TfToken\[[^\]]+\]\})/;

/**
 * The job as the text of a Terraform attribute: JSON whose own `${…}` comes out as it went in. A reference inside a string of
 * the job is put in as JSON would write it, so that a quote in a variable's value does no harm.
 */
export function jobspecAttribute(job: ApiJob): string {
  return JSON.stringify({ Job: job })
    .split(TOKEN)
    .map((part, index) => (index % 2 === 1 ? insideString(part) : escapeTemplate(part)))
    .join("");
}

function insideString(token: string): string {
  return Fn.trimsuffix(Fn.trimprefix(Fn.jsonencode(token), '"'), '"');
}
