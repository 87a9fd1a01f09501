import { createHash } from "node:crypto";

/** A table of iptables that rules go into. */
export type Table = "mangle" | "nat" | "filter";

/** iptables' `multiport` has an array of that size. A range takes two of it. */
export const SLOTS = 15;

const PREFIX = "VIPSTACK-";
const BUILT_IN = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/**
 * Rules in iptables-restore's format, in chains of our own only: a rule for a built-in chain goes into `VIPSTACK-CHAIN`, which
 * the built-in chain jumps to. Foreign rules are never touched.
 *
 * @see https://manpages.debian.org/iptables-restore.8
 */
export class IptablesRules {
  private readonly tables = new Map<Table, Map<string, string[]>>();
  private readonly jumps: { readonly table: Table; readonly builtIn: string; readonly chain: string }[] = [];

  /**
   * Appends rules.
   *
   * @param chain a built-in chain, or one of our own from {@link chainName}
   * @param rules matches and target: `-p tcp -j ACCEPT`
   */
  add(table: Table, chain: string, ...rules: readonly string[]): this {
    const builtIn = BUILT_IN.includes(chain);
    if (builtIn && rules.length === 0) return this;
    const chains = this.tables.get(table) ?? new Map<string, string[]>();
    this.tables.set(table, chains);
    const name = builtIn ? `${PREFIX}${chain}` : chain;
    chains.set(name, [...(chains.get(name) ?? []), ...rules]);
    return this;
  }

  /** Lets a built-in chain jump to one of our own, from {@link chainName}, which gets rules by {@link add}. */
  jump(table: Table, builtIn: string, chain: string): this {
    this.jumps.push({ table, builtIn, chain });
    return this;
  }

  /** The text; empty where there are no rules. */
  render(): string {
    return (["mangle", "nat", "filter"] as const).flatMap((table) => this.renderTable(table)).join("");
  }

  private renderTable(table: Table): string[] {
    const chains = [...(this.tables.get(table) ?? [])];
    if (chains.length === 0) return [];
    const jumps = BUILT_IN.filter((builtIn) => chains.some(([name]) => name === `${PREFIX}${builtIn}`));
    const others = this.jumps.filter((jump) => jump.table === table);
    return [
      `*${table}`,
      ...chains.map(([name]) => `:${name} - [0:0]`),
      ...jumps.map((builtIn) => `-A ${builtIn} -j ${PREFIX}${builtIn}`),
      ...others.map(({ builtIn, chain }) => `-A ${builtIn} -j ${chain}`),
      ...chains.flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
      "COMMIT",
    ].map((line) => `${line}\n`);
  }
}

/** Ports and ranges (`first:last`) in as few groups as `multiport` takes. */
export function groupsOfSlots(ports: readonly string[]): string[][] {
  const groups: string[][] = [];
  let left = 0;
  for (const port of ports) {
    const size = slotsOf(port);
    if (size > left) {
      groups.push([]);
      left = SLOTS;
    }
    groups.at(-1)?.push(port);
    left -= size;
  }
  return groups;
}

/** How much of `multiport`'s array a port or a range takes. */
export function slotsOf(port: string): number {
  return port.includes(":") ? 2 : 1;
}

/**
 * The iptables chain of a virtual service: `VIPSTACK-web` for `web`. Chain names have 28 characters at most and few special
 * ones; an id that doesn't fit is shortened and gets a hash. Two ids never share a chain: only hashed names hold a dot.
 */
export function chainName(id: string): string {
  if (/^[A-Za-z0-9_-]{1,19}$/.test(id) && !BUILT_IN.includes(id)) return `${PREFIX}${id}`;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 10);
  return `${PREFIX}${id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 8)}.${hash}`;
}
