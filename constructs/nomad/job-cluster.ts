import { IConstruct } from "constructs";

/** What jobs are checked against; every `INomadCluster` is one. */
export interface JobCluster {
  /** Its clients, where they are known; none are known of a cluster that exists already. */
  readonly clients: readonly unknown[];
  /** The host ports that its clients give away. */
  readonly dynamicPorts: { readonly min: number; readonly max: number };
}

/** Nomad's `min_dynamic_port` and `max_dynamic_port` as they come. */
export const DYNAMIC_PORTS = { min: 20000, max: 32000 };

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
