import { IConstruct } from "constructs";

/** What objects in Consul are checked against; every `IConsulCluster` is one. */
export interface ProvidedConsul {
  /** `1.14.11` @default - not known */
  readonly version?: string;
  readonly node: { readonly path: string };
}

const clusters = new WeakMap<IConstruct, ProvidedConsul>();

/** Tells all Consul objects below `scope`, usually a stack, which cluster they are for. */
export function provideConsul(scope: IConstruct, cluster: ProvidedConsul): void {
  clusters.set(scope, cluster);
}

/** The nearest that was provided. */
export function consulOf(scope: IConstruct): ProvidedConsul | undefined {
  return scope.node.scopes
    .reverse()
    .map((each) => clusters.get(each))
    .find((cluster) => cluster !== undefined);
}
