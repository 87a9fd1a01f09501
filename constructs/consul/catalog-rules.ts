import { Failure } from "../private/failure";

/** What Consul's catalog, or the DNS made of it, would refuse of a service. */
export function serviceFailures(name: string, meta: Readonly<Record<string, string>> = {}): Failure[] {
  const failures: Failure[] = [];
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name)) {
    failures.push({
      property: "name",
      rule: "must be a DNS label: letters, digits and hyphens, at most 63",
      got: name,
      cure: "choose a name like 'web'",
    });
  }
  for (const [key, value] of Object.entries(meta)) {
    if (/^[A-Za-z0-9_-]{1,128}$/.test(key) && value.length <= 512) continue;
    failures.push({
      property: "meta",
      rule: "must have keys of letters, digits, '-' and '_', and values of at most 512 characters",
      got: { [key]: value },
      cure: "shorten it, or write a key like 'team_name'",
    });
  }
  return failures;
}
