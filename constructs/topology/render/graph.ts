/** What a box stands for; decides its column and its colour. */
export type BoxKind =
  "client" | "director" | "gateway" | "route" | "server" | "job" | "elsewhere" | "cluster" | "machine";

/** Left to right, in the direction of a request. What is in no column is below them. */
export const TIERS: readonly (readonly BoxKind[])[] = [
  ["client"],
  ["director"],
  ["gateway"],
  ["route"],
  ["server", "job", "elsewhere"],
];

/** A part of a box that an edge begins or ends at. */
export interface Row {
  readonly id: string;
  readonly lines: readonly string[];
}

export interface Box {
  readonly id: string;
  readonly kind: BoxKind;
  readonly title: string;
  readonly lines: readonly string[];
  readonly rows: readonly Row[];
  /** The machines that it stands for. */
  readonly machines: readonly string[];
}

/** The connections that an edge stands for, as a director's table names them. */
export interface Flow {
  readonly director: string;
  /** Names of virtual services. */
  readonly services: readonly string[];
  /** Addresses of the real servers. @default - all that the services have */
  readonly addresses?: readonly string[];
  /** Port of the real servers. @default - any */
  readonly port?: number;
}

export interface Edge {
  readonly id: string;
  readonly from: End;
  readonly to: End;
  readonly label: string;
  /** Whether it stands for several. */
  readonly many: boolean;
  /** Not where nothing counts its connections. */
  readonly flow?: Flow;
}

export interface End {
  readonly box: string;
  /** @default - its title */
  readonly row?: string;
}

/** What one thing tells another, beside the way of the requests; ends at all boxes of a kind. */
export interface Told {
  readonly from: End;
  readonly to: BoxKind;
}

export interface Graph {
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly told: readonly Told[];
}
