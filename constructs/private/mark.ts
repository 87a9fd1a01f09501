/** The symbol of a class; the registry is one for all copies of this package in a program. */
function symbolOf(name: string): symbol {
  return Symbol.for(`vipstack.${name}`);
}

/** Marks an object as one of a class, so that another copy of this package knows it. @param name of the class */
export function mark(object: object, name: string): void {
  Object.defineProperty(object, symbolOf(name), { value: true });
}

/** Whether an object is of a class, of whatever copy of this package. @param name of the class */
export function isMarked(object: unknown, name: string): boolean {
  return typeof object === "object" && object !== null && symbolOf(name) in object;
}
