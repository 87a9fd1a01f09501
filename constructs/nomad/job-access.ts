import { IConstruct } from "constructs";
import { AccessRule } from "../consul";
import { WholeProgram } from "../private/whole-program";
import { ApiJob } from "./api";
import { JobCluster } from "./cluster";
import { jobRules } from "./render/consul-rules";

interface RunningJob {
  readonly cluster: JobCluster | undefined;
  readonly specification: ApiJob;
}

const jobs = new WholeProgram<() => RunningJob, readonly (() => RunningJob)[]>((all) => all.map(({ what }) => what));

/** Tells of a job, for the clients that will run it. @param job read at synth */
export function tellJob(by: IConstruct, job: () => RunningJob): void {
  jobs.tell(by, job);
}

/** What the clients of a cluster need in Consul for the jobs of the program. */
export function rulesOfJobs(cluster: JobCluster & IConstruct): AccessRule[] {
  return jobs
    .below(cluster.node.root)
    .map((job) => job())
    .filter((job) => job.cluster === cluster)
    .flatMap(({ specification }) => jobRules(specification));
}
