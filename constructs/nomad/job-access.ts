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

/** What firewalls have to know of the jobs of the program on one cluster. */
export interface PortsOfJobs {
  /** Fixed host ports. */
  readonly fixed: readonly number[];
  /** Names in Consul of their services. */
  readonly services: readonly string[];
}

export function portsOfJobs(cluster: JobCluster & IConstruct): PortsOfJobs {
  const groups = jobsOf(cluster).flatMap(({ specification }) => specification.TaskGroups);
  const fixed = groups
    .flatMap(({ Networks = [] }) => Networks)
    .flatMap(({ ReservedPorts = [] }) => ReservedPorts)
    .flatMap(({ Value }) => Value ?? []);
  const services = [...groups, ...groups.flatMap(({ Tasks }) => Tasks)].flatMap(({ Services = [] }) => Services);
  return { fixed, services: services.map(({ Name }) => Name) };
}

function jobsOf(cluster: JobCluster & IConstruct): RunningJob[] {
  return jobs
    .below(cluster.node.root)
    .map((job) => job())
    .filter((job) => job.cluster === cluster);
}

/** What the clients of a cluster need in Consul for the jobs of the program. */
export function rulesOfJobs(cluster: JobCluster & IConstruct): AccessRule[] {
  return jobsOf(cluster).flatMap(({ specification }) => jobRules(specification));
}
