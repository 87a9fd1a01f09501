import { IConstruct } from "constructs";

/** What a construct told, with the construct. */
export interface Told<T> {
  readonly by: IConstruct;
  readonly what: T;
}

/**
 * What constructs tell of themselves, for others of the program to look at. For all who ask the tree is walked once and one index
 * is made, until something else is told: many that each look through the whole tree take the square of their number.
 */
export class WholeProgram<T, Index> {
  private readonly told = new WeakMap<IConstruct, T>();
  private readonly indexes = new WeakMap<IConstruct, Index>();

  /** @param index made of everything that was told, in the order of the tree */
  constructor(private readonly index: (all: readonly Told<T>[]) => Index) {}

  tell(by: IConstruct, what: T): void {
    this.told.set(by, what);
    for (const scope of by.node.scopes) this.indexes.delete(scope);
  }

  toldBy(construct: IConstruct): T | undefined {
    return this.told.get(construct);
  }

  /** The index of everything below `root`, as it is at the time of the call. */
  below(root: IConstruct): Index {
    const known = this.indexes.get(root);
    if (known !== undefined) return known;
    const all = root.node.findAll().flatMap((by) => {
      const what = this.told.get(by);
      return what === undefined ? [] : [{ by, what }];
    });
    const made = this.index(all);
    this.indexes.set(root, made);
    return made;
  }
}
