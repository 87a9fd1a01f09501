import { acknowledgeable, Finding } from "../private/acknowledgement";
import { Failure } from "../private/failure";

/**
 * What Nomad would take, and what then goes wrong. Each can be acknowledged by name on its job: then it is built, with a
 * warning.
 */
export enum JobRefusal {
  /** An instance is gone before all of its callers know, and the requests in between are lost. */
  SHUTDOWN_DELAY_BELOW_LAG = "shutdown-delay-below-lag",
  /** A client kills after 30s by default, whatever the job says. */
  KILL_TIMEOUT_ABOVE_CLIENT_MAXIMUM = "kill-timeout-above-client-maximum",
  /** Nomad gives such a port to another job at any time. */
  STATIC_PORT_IN_DYNAMIC_RANGE = "static-port-in-dynamic-range",
  /** More instances want the port than there are clients: some are never placed. */
  STATIC_PORT_TAKEN = "static-port-taken",
  /** A canary can't be placed beside the instance that has its port. */
  STATIC_PORT_WITH_CANARY = "static-port-with-canary",
  /** Instances of one name are taken for equals, of whichever job. */
  SERVICE_NAME_TAKEN = "service-name-taken",
}

/** A refusal that applies here. */
export type JobFinding = Finding<JobRefusal>;

/** A failure that can be acknowledged, with the way to do it. */
export function withAcknowledgement(finding: JobFinding): Failure {
  return acknowledgeable("JobRefusal", finding);
}
