import { Failure } from "../private/failure";
import { Places } from "./job-places";
import { NamedService } from "./service-options";
import { GroupOptions } from "./task-group";
import { cureForLabel, listOf } from "./task-rules";

/** Nomad and Consul register themselves under these. */
const RESERVED = ["consul", "nomad", "nomad-client"];

/** What is wrong with the services of a job, for themselves and together. */
export function serviceFailures(
  services: readonly NamedService[],
  groups: Readonly<Record<string, GroupOptions>>,
  places: Places,
): Failure[] {
  return [
    ...services.flatMap((service) => oneServiceFailures(service, groups[service.group], places)),
    ...sameNameFailures(services),
    ...providerFailures(services),
  ];
}

function oneServiceFailures(service: NamedService, group: GroupOptions | undefined, places: Places): Failure[] {
  const { at, name, port, options } = service;
  const labels = Object.keys(group?.ports ?? {});
  const tasks = Object.keys(group?.tasks ?? {});
  const failures: Failure[] = [];
  const require = (ok: boolean, property: string, rule: string, got: unknown, cure: string): void => {
    if (!ok) failures.push({ property, rule, got, cure });
  };
  // What Nomad puts in is letters for this purpose.
  const literal = name.replaceAll(/\$\{[^}]*\}/g, "x");
  require(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(
    literal,
  ), `${at}.name`, "must be letters, digits and hyphens, 63 at most", name, "for example 'hello-world-servers'");
  const { weight } = options;
  require(weight === undefined ||
    (Number.isInteger(weight) &&
      weight >= 1 &&
      weight <= 65535), `${at}.weight`, "must be a whole number from 1 to 65535", weight, "1 is usual");
  require(weight === undefined ||
    options.provider !==
      "nomad", `${at}.weight`, "can't go with provider 'nomad', which directors don't follow", weight, "leave 'provider' out to use Consul");
  require(!RESERVED.includes(
    name,
  ), `${at}.name`, "can't be a name that Consul and Nomad use themselves", name, "choose another one");

  const numeric = (label: string | undefined): boolean => label !== undefined && /^\d+$/.test(label);
  const labelled = (label: string | undefined, property: string): void => {
    if (numeric(label))
      require(false, property, "must be a label, because a number is registered without an address", label, `add it to 'ports': { www: { static: ${label} } }, and use the label`);
    else
      require(label !== undefined &&
        labels.includes(label), property, `must be a label of the group's ports${listOf(labels)}`, label, label ===
        undefined && labels.length > 1
        ? "say which one"
        : cureForLabel(labels));
  };
  labelled(port, `${at}.port`);
  for (const [index, check] of (options.checks ?? []).entries()) {
    const place = `${at}.checks[${index}]`;
    failures.push(...check._failures(place, options.provider ?? "consul"));
    if (check.port !== undefined) labelled(check.port, `${place}.port`);
    const { TaskName: task } = check._script;
    require(check.type !== "script" ||
      service.task !== undefined ||
      (task === undefined
        ? tasks.length === 1
        : tasks.includes(
            task,
          )), `${place}.task`, `must be a task of the group${listOf(tasks)}, which the script is run in`, task, "name one of them");
    require(options.provider !== "nomad" ||
      check.type === "http" ||
      check.type ===
        "tcp", place, "must be Check.http or Check.tcp with provider 'nomad'", check.type, "leave 'provider' out to use Consul");
  }
  require(options.addressMode !== "driver" ||
    service.task !==
      undefined, `${at}.addressMode`, "can be 'driver' in a task's service only", options.addressMode, `move the service to ${places.task(service.group, tasks[0] ?? "TASK")}services, or use 'alloc'`);
  return failures;
}

/** Two ports under one name would be taken for two instances of the same thing. */
function sameNameFailures(services: readonly NamedService[]): Failure[] {
  const first = new Map<string, NamedService>();
  return services.flatMap((service) => {
    const earlier = first.get(service.name);
    first.set(service.name, earlier ?? service);
    if (earlier === undefined) return [];
    return [
      {
        property: `${service.at}.name`,
        rule: `can't be the name of ${earlier.at}, too, because instances of one name are taken for equals`,
        got: service.name,
        cure: `give it one of its own: name: '${service.name}-${service.port ?? "other"}'`,
      },
    ];
  });
}

/** Nomad takes one provider a group. */
function providerFailures(services: readonly NamedService[]): Failure[] {
  const groups = new Map<string, string>();
  return services.flatMap(({ group, at, options: { provider = "consul" } }) => {
    const earlier = groups.get(group) ?? provider;
    groups.set(group, earlier);
    if (earlier === provider) return [];
    return [
      {
        property: `${at}.provider`,
        rule: `must be '${earlier}' as that of the group's other services`,
        got: provider,
        cure: "use one provider in a group",
      },
    ];
  });
}
