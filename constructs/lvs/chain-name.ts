import { createHash } from "node:crypto";

const RESERVED = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/**
 * The iptables chain of a virtual service: `VIPSTACK-web` for `web`. Chain names have 28 characters at most and few special
 * ones; an id that doesn't fit is shortened and gets a hash. Two ids never share a chain: only hashed names hold a dot.
 */
export function chainName(id: string): string {
  if (/^[A-Za-z0-9_-]{1,19}$/.test(id) && !RESERVED.includes(id)) return `VIPSTACK-${id}`;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 10);
  return `VIPSTACK-${id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 8)}.${hash}`;
}
