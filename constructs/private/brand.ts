/** What marks the objects of one class, by a symbol that two copies of this package share: `instanceof` knows those of its own copy only. */
export class Brand<T extends object> {
  private readonly symbol: symbol;

  /** @param name of the class */
  constructor(name: string) {
    this.symbol = Symbol.for(`vipstack.${name}`);
  }

  /** For the constructor of the class. */
  mark(made: T): void {
    Object.defineProperty(made, this.symbol, { value: true });
  }

  /** Whether something was made by the class, in this copy of the package or another one. */
  isOn(x: unknown): x is T {
    return typeof x === "object" && x !== null && this.symbol in x;
  }
}
