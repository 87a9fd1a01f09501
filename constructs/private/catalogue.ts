import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One version of a vendor's program, as the lab's list of programs has it. */
export interface CatalogueVersion {
  readonly version: string;
  /** SPDX identifier. */
  readonly licence: string;
  /** Hexadecimal SHA-256 of the vendor's zips for Linux, where they are known. */
  readonly release?: { readonly amd64: string; readonly arm64: string };
}

/** Every version of a program that the list names, first the one that is taken where none is asked for; empty for a name it doesn't have. */
export function catalogueOf(name: string): readonly CatalogueVersion[] {
  // Data that the two sides share: what is synthesized follows from it and never from what a host has.
  const file = join(__dirname, "..", "..", "lab", "artefacts.json");
  const entries = JSON.parse(readFileSync(file, "utf8")) as { name: string; versions: CatalogueVersion[] }[];
  return entries.find((entry) => entry.name === name)?.versions ?? [];
}
