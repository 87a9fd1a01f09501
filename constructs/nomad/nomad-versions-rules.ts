import { FirstVersions } from "../private/first-versions";
import { Field, Item, UsedProperty, usedProperties } from "../private/used-properties";
import { Places } from "./job-places";
import { ApiJob } from "./job-specification";

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
export function usedFields(job: ApiJob, places: Places): UsedProperty[] {
  return usedProperties(job, "", "", { optionOf, isSet, itemsOf: (field) => itemsOf(field, places) });
}

function optionOf(field: string): string {
  return WORDS[field] ?? field.charAt(0).toLowerCase() + field.slice(1);
}

/** Nomad sends its zero values as well. */
function isSet(value: unknown): boolean {
  return value !== null && value !== false && value !== "" && value !== 0;
}

/** Groups, tasks and volumes are written by their names, and maps of the user have no fields of Nomad. */
function itemsOf({ name, value, property, parent }: Field, places: Places): Item[] | undefined {
  if (MAPS.has(name)) return [];
  const named = value as { Name: string }[];
  if (name === "TaskGroups") return named.map((object) => ({ object, at: places.group(object.Name) }));
  if (name === "Tasks") {
    const { Name: group } = parent as { Name: string };
    return named.map((object) => ({ object, at: places.task(group, object.Name) }));
  }
  if (name === "Volumes")
    return Object.entries(value as Record<string, object>).map(([volume, object]) => ({
      object,
      at: `${property}.${volume}.`,
    }));
  return undefined;
}
