import type { AccessRule } from "../../consul";
import type { ApiJob, ApiTemplate } from "../api";

// What Nomad's agents may do in a Consul that denies everything else.

const read = (on: string): AccessRule => ({ on, policy: "read" });
const write = (on: string): AccessRule => ({ on, policy: "write" });

/** What both kinds of agent do: ask the machine's own agent what it is, and find the servers. */
const common = (machine: string): AccessRule[] => [read(`agent "${machine}"`), read('node_prefix ""')];

/** A server registers itself. */
export const nomadServerRules = (machine: string): AccessRule[] => [...common(machine), write('service "nomad"')];

/** A client registers itself and the services of the jobs, and renders their templates. @param jobs what {@link jobRules} says of each */
export const nomadClientRules = (machine: string, jobs: readonly AccessRule[]): AccessRule[] => [
  ...common(machine),
  read('service "nomad"'),
  write('service "nomad-client"'),
  ...[...jobs].sort((a, b) => (a.on < b.on ? -1 : 1)),
];

/** What a client needs for a job: to register its services, and to read what its templates read. */
export function jobRules(job: ApiJob): AccessRule[] {
  const groups = job.TaskGroups;
  const tasks = groups.flatMap(({ Tasks }) => Tasks);
  const services = [...groups, ...tasks].flatMap(({ Services = [] }) => Services);
  return [
    ...services.filter(({ Provider }) => Provider !== "nomad").map(({ Name }) => write(named("service", Name))),
    ...tasks.flatMap(({ Templates = [] }) => Templates).flatMap(templateRules),
  ];
}

/** A name with a variable of Nomad's is known up to there. */
function named(kind: string, name: string): string {
  const [known = ""] = name.split("${");
  return known === name ? `${kind} "${name}"` : `${kind}_prefix "${known}"`;
}

/** Functions of templates that ask Consul, and what they ask for. */
const READS: Readonly<Record<string, (name: string) => string>> = {
  key: (name) => `key "${name}"`,
  keyExists: (name) => `key "${name}"`,
  keyOrDefault: (name) => `key "${name}"`,
  ls: (name) => `key_prefix "${name}"`,
  safeLs: (name) => `key_prefix "${name}"`,
  tree: (name) => `key_prefix "${name}"`,
  safeTree: (name) => `key_prefix "${name}"`,
  // `tag.name@datacenter|filter`
  service: (name) => `service "${name.replace(/[@|~].*$/, "").replace(/^.*\./, "")}"`,
  services: () => 'service_prefix ""',
};

/** A template whose argument is known only when it is rendered may read all of that kind. */
function templateRules({
  EmbeddedTmpl: text = "",
  LeftDelim: left = "{{",
  RightDelim: right = "}}",
}: ApiTemplate): AccessRule[] {
  const actions = text
    .split(left)
    .slice(1)
    .map((part) => part.split(right)[0] ?? "");
  return actions.flatMap((action) =>
    [...action.matchAll(/(?<![\w."$-])(\w+)(?:\s+"([^"]*)")?/g)].flatMap(([, word = "", name]) => {
      const on = READS[word];
      if (on === undefined || !Object.hasOwn(READS, word)) return [];
      if (name !== undefined || word === "services") return [read(on(name ?? ""))];
      return [read(word === "service" ? 'service_prefix ""' : 'key_prefix ""')];
    }),
  );
}
