/** A property of a document that has a value. */
export interface UsedProperty {
  /** The path of fields in the program's own names, without the names and numbers of items. */
  readonly key: string;
  /** The property as the caller wrote it. */
  readonly property: string;
  readonly value: unknown;
}

/** An object within a document. */
export interface Item {
  readonly object: object;
  /** Where the caller wrote it, as the start of a property's name: `templates[0].`. */
  readonly at: string;
}

/** A field of a document, and the object that it belongs to. */
export interface Field {
  readonly name: string;
  readonly value: unknown;
  /** The property as the caller wrote it. */
  readonly property: string;
  readonly parent: object;
}

/** How the fields of a program's document are written by the caller. */
export interface Spelling {
  /** The option that sets a field. @default - the field's own name */
  readonly optionOf?: (field: string) => string;
  /** Whether a value sets anything. @default - any value does */
  readonly isSet?: (value: unknown) => boolean;
  /** The objects of a field that is no plain list or object; undefined for one that is. @default - all are plain */
  readonly itemsOf?: (field: Field) => readonly Item[] | undefined;
}

/**
 * Every property of a document, at any depth.
 *
 * @param at where the caller wrote the document, as the start of a property's name
 * @param key the start of each property's key
 */
export function usedProperties(document: object, at: string, key: string, spelling: Spelling = {}): UsedProperty[] {
  const { optionOf = (field: string) => field, isSet = () => true, itemsOf } = spelling;
  return Object.entries(document)
    .filter(([, value]) => value !== undefined && isSet(value))
    .flatMap(([name, value]: [string, unknown]) => {
      const used = { key: `${key}${name}`, property: `${at}${optionOf(name)}`, value };
      const field = { name, value, property: used.property, parent: document };
      const items = itemsOf?.(field) ?? plainItems(value, used.property);
      return [used, ...items.flatMap((item) => usedProperties(item.object, item.at, `${used.key}.`, spelling))];
    });
}

function plainItems(value: unknown, at: string): Item[] {
  if (Array.isArray(value)) return (value as unknown[]).flatMap((each, index) => plainItems(each, `${at}[${index}]`));
  return typeof value === "object" && value !== null ? [{ object: value, at: `${at}.` }] : [];
}
