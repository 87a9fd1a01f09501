import { FirstVersions } from "../private/first-versions";
import { Field, Item, UsedProperty, usedProperties } from "../private/used-properties";
import type { ApiJob } from "./api";
import type { JobShape, ServiceNames } from "./shape";

/**
 * Fields of the API's job that came after 1.3.0, those that only an override can send among them. Nomad's API drops what it does
 * not know, silently.
 *
 * @see https://github.com/hashicorp/nomad/blob/main/CHANGELOG.md
 */
export const JOB_FIELDS: FirstVersions = {
  Datacenters: { version: "1.5.0", matches: (value) => JSON.stringify(value).includes("*") },
  NodePool: "1.6.0",
  "Periodic.Specs": "1.6.2",
  UI: "1.8.0",
  VersionTag: "1.9.0",
  "TaskGroups.Disconnect": "1.8.0",
  "TaskGroups.PreventRescheduleOnLost": "1.8.0",
  "TaskGroups.MaxRunDuration": "2.0.5",
  "TaskGroups.Consul": "1.7.0",
  "TaskGroups.RestartPolicy.RenderTemplates": "1.6.2",
  "TaskGroups.Volumes.Sticky": "1.10.0",
  "TaskGroups.Networks.CNI": "1.9.0",
  "TaskGroups.Networks.DynamicPorts.IgnoreCollision": "1.9.0",
  "TaskGroups.Networks.ReservedPorts.IgnoreCollision": "1.9.0",
  "TaskGroups.Tasks.Actions": "1.7.0",
  "TaskGroups.Tasks.Consul": "1.7.0",
  "TaskGroups.Tasks.Identity": "1.5.0",
  "TaskGroups.Tasks.Identities": "1.7.0",
  "TaskGroups.Tasks.Schedule": "1.8.0",
  "TaskGroups.Tasks.Secrets": "1.11.0",
  "TaskGroups.Tasks.RestartPolicy.RenderTemplates": "1.6.2",
  "TaskGroups.Tasks.LogConfig.Disabled": "1.5.5",
  "TaskGroups.Tasks.Resources.NUMA": "1.7.0",
  "TaskGroups.Tasks.Resources.SecretsMB": "1.9.0",
  "TaskGroups.Tasks.VolumeMounts.SELinuxLabel": "1.8.0",
  "TaskGroups.Tasks.Artifacts.GetterInsecure": "1.8.0",
  "TaskGroups.Tasks.Artifacts.Chown": "1.10.0",
  "TaskGroups.Tasks.Templates.ChangeScript": "1.3.4",
  "TaskGroups.Tasks.Templates.ChangeScript.RunOnFirstRender": "2.0.5",
  "TaskGroups.Tasks.Templates.ErrMissingKey": "1.4.3",
  "TaskGroups.Tasks.Templates.Gid": "1.3.3",
  "TaskGroups.Tasks.Templates.Once": "1.10.2",
  "TaskGroups.Tasks.Templates.Uid": "1.3.3",
  ...services("TaskGroups.Services"),
  ...services("TaskGroups.Tasks.Services"),
};

function services(at: string): FirstVersions {
  return {
    [`${at}.TaggedAddresses`]: "1.4.0",
    [`${at}.Cluster`]: "1.7.0",
    [`${at}.Identity`]: "1.7.0",
    [`${at}.Weights`]: "1.10.0",
    [`${at}.Kind`]: "1.11.0",
    [`${at}.Checks.TLSServerName`]: "1.6.0",
    [`${at}.Checks.FailuresBeforeWarning`]: "1.8.0",
    [`${at}.Checks.Notes`]: "1.9.0",
  };
}

/** Maps whose keys are the user's. */
const MAPS = new Set([
  "CanaryMeta",
  "Config",
  "Env",
  "GetterHeaders",
  "GetterOptions",
  "Header",
  "Meta",
  "TaggedAddresses",
]);

/** Fields whose option is called otherwise. */
const WORDS: Readonly<Record<string, string>> = {
  ErrMissingKey: "errorOnMissingKey",
  LogConfig: "logs",
  NUMA: "numa",
  RestartPolicy: "restart",
  SELinuxLabel: "selinuxLabel",
  Specs: "crons",
  TLSServerName: "tlsServerName",
  UI: "ui",
};

/** Every field of a job that sets anything, by the name of its option. */
export function usedFields(job: ApiJob, shape: JobShape): UsedProperty[] {
  return usedProperties(job, "", "", { optionOf, isSet, itemsOf: itemsBy(shape) });
}

function optionOf(field: string): string {
  return WORDS[field] ?? field.charAt(0).toLowerCase() + field.slice(1);
}

/** Nomad sends its zero values as well. */
function isSet(value: unknown): boolean {
  return value !== null && value !== false && value !== "" && value !== 0;
}

/** Items by the names that the user gave them: groups, tasks, services, checks and volumes. Maps of the user hold no fields of Nomad. */
function itemsBy(shape: JobShape): (field: Field) => Item[] | undefined {
  const written = new Map<object, ServiceNames>();
  return ({ name, value, property, parent }) => {
    if (MAPS.has(name)) return [];
    const objects = value as { Name: string }[];
    const { Name: owner } = parent as { Name: string };
    const service = written.get(parent);
    if (name === "TaskGroups") return objects.map((object) => ({ object, at: shape.group(object.Name) }));
    if (name === "Tasks") return objects.map((object) => ({ object, at: shape.task(owner, object.Name) }));
    if (name === "Services" && "Tasks" in parent)
      return objects.map((object, index) => {
        const names = shape.service(owner, undefined, index);
        written.set(object, names);
        return { object, at: `${names.at}.` };
      });
    if (name === "Checks" && service !== undefined)
      return objects.map((object, index) => ({ object, at: `${service.check(index)}.` }));
    if (name === "Volumes")
      return Object.entries(value as Record<string, object>).map(([volume, object]) => ({
        object,
        at: `${property}.${volume}.`,
      }));
    return undefined;
  };
}
