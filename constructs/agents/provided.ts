import { IConstruct } from "constructs";

/** What everything below a scope, usually a stack, is for: the cluster that its jobs or its Consul objects are checked against. */
export class Provided<T> {
  private readonly values = new WeakMap<IConstruct, T>();

  provide(scope: IConstruct, value: T): void {
    this.values.set(scope, value);
  }

  /** The nearest value that was provided, from the scope itself upwards. */
  of(scope: IConstruct): T | undefined {
    return scope.node.scopes
      .reverse()
      .map((each) => this.values.get(each))
      .find((value) => value !== undefined);
  }
}
