import { renderGroup } from "./group-rendering";
import { JobOptions, JobType } from "./job-options";
import { renderPlacement } from "./job-placement";
import { servicesOf } from "./job-places";
import { ApiJob, copied, defined, overridden } from "./job-specification";
import { renderUpdate } from "./job-update";

/** A job as the API takes it, overrides included. */
export function renderJob(name: string, job: JobOptions): ApiJob {
  const { periodic, override } = job;
  const services = servicesOf(name, job);
  return overridden(
    override,
    defined({
      ID: name,
      Name: name,
      Type: job.type ?? JobType.SERVICE,
      Datacenters: [...(job.datacenters ?? ["*"])],
      Region: job.region,
      Namespace: job.namespace,
      NodePool: job.nodePool,
      Priority: job.priority,
      Meta: copied(job.meta),
      ...renderPlacement(job),
      Update: job.update && renderUpdate(job.update),
      Periodic:
        periodic &&
        defined({
          Enabled: true,
          SpecType: "cron",
          Specs: [...periodic.crons],
          ProhibitOverlap: periodic.prohibitOverlap,
          TimeZone: periodic.timeZone,
        }),
      TaskGroups: Object.entries(job.groups).map(([group, options]) =>
        renderGroup(
          group,
          options,
          services.filter((service) => service.group === group),
        ),
      ),
    }),
  );
}
