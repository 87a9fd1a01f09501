import { Construct } from "constructs";
import { JobBase } from "./job-base";
import { jobOfWeb, webPlaces, WebJobProps } from "./web-job-options";

/**
 * A web service: instances of one program that answer HTTP on a port of their client, found through Consul.
 *
 * It is a {@link Job} with defaults that lose no request: a check that asks for a page, a new version that proves itself beside
 * the old one and is taken back where it fails, an instance that serves on until it gets no requests. Each can be
 * overridden; `docs/jobs.md` gives the reasons.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification
 */
export class WebJob extends JobBase {
  constructor(scope: Construct, id: string, props: WebJobProps) {
    super(scope, id, jobOfWeb(id, props), props, webPlaces(props));
  }
}
