import { Construct } from "constructs";
import { JobBase, JobSettings } from "./job-base";
import { JobOptions } from "./job-options";

export interface JobProps extends JobOptions, JobSettings {}

/**
 * A Nomad job of any type, by its job specification: what is left out is Nomad's own default. For a web service
 * {@link WebJob} has better ones.
 *
 * Beside the stack's JSON lie `jobs/NAME.json`, what the API gets, and `jobs/NAME.nomad.hcl`, the same as HCL.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification
 */
export class Job extends JobBase {
  constructor(scope: Construct, id: string, props: JobProps) {
    super(scope, id, props, props);
  }
}
