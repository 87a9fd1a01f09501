import { DefaultTokenResolver, Fn, StringConcat, Tokenization } from "cdktf";
import { IConstruct } from "constructs";
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
  const quote = Fn.rawString('"');
  return Fn.trimsuffix(Fn.trimprefix(Fn.jsonencode(token), quote), quote);
}

/** The job with its references as Terraform has them, `${var.image}`, for people to read. */
export function withReferences(scope: IConstruct, job: ApiJob): ApiJob {
  const resolver = new DefaultTokenResolver(new StringConcat());
  return Tokenization.resolve(job, { scope, resolver, preparing: false }) as ApiJob;
}
