import { IConstruct } from "constructs";
import { DynamicPorts } from "./nomad-cluster";

/** What jobs are checked against; every `INomadCluster` is one. */
export interface JobCluster {
  /** Its clients, where they are known; none are known of a cluster that exists already. */
  readonly clients: readonly unknown[];
  /** The host ports that its clients give away. */
  readonly dynamicPorts: DynamicPorts;
  /** Of the oldest of its agents: what that one does not know is refused. @default - not known */
  readonly version?: string;
  /** The construct that sets the running version. */
  readonly node?: { readonly path: string };
}

const clusters = new WeakMap<IConstruct, JobCluster>();

/** Tells all jobs below `scope`, usually a stack, which cluster they are for. */
export function provideCluster(scope: IConstruct, cluster: JobCluster): void {
  clusters.set(scope, cluster);
}

/** The nearest that was provided. */
export function clusterOf(scope: IConstruct): JobCluster | undefined {
  return scope.node.scopes
    .reverse()
    .map((each) => clusters.get(each))
    .find((cluster) => cluster !== undefined);
}
