import { versionAtLeast } from "../private/version";

/** Seconds that a gateway's question to Consul stays open where nothing changes. */
export const CONSUL_WAIT = { long: 60, short: 25 } as const;

/**
 * How long a Consul of that version lets a question stay open. Its HTTP server got a write timeout of 30 s in January 2026, for slow clients,
 * and one of 15 min in 1.22.5; before that it had none. 1.22.3 counts as one that cuts, since the change was on its branch at the time.
 *
 * @see https://github.com/hashicorp/consul/pull/22739
 * @see https://github.com/hashicorp/consul/pull/23267
 */
export function consulWait(version: string | undefined): number {
  // Of a Consul that others run nothing may be known. A short question costs one more a minute, a cut one up to 256 s.
  if (version === undefined) return CONSUL_WAIT.short;
  return versionAtLeast(version, "1.22.3") && !versionAtLeast(version, "1.22.5") ? CONSUL_WAIT.short : CONSUL_WAIT.long;
}
