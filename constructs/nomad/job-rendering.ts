import { renderGroup } from "./group-rendering";
import { JobOptions, JobType, PeriodicOptions } from "./job-options";
import { renderPlacement } from "./job-placement";
import { servicesOf } from "./job-places";
import { allRendered, ApiJob, ApiPeriodic, copied, defined, overridden } from "./job-specification";
import { renderUpdate } from "./job-update";
import { staggerOf } from "./system-stagger";

/** A job as the API takes it, overrides included. */
export function renderJob(name: string, options: JobOptions): ApiJob {
  const job: Omit<JobOptions, "name"> = options;
  const { type, datacenters, nodePool, namespace, region, priority, meta, override, ...more } = job;
  const { update, periodic, groups, constraints, affinities, spreads, ...rest } = more;
  allRendered(rest);
  const services = servicesOf(name, options);
  return overridden(
    override,
    defined({
      ID: name,
      Name: name,
      Type: type ?? JobType.SERVICE,
      Datacenters: [...(datacenters ?? ["*"])],
      Region: region,
      Namespace: namespace,
      NodePool: nodePool,
      Priority: priority,
      Meta: copied(meta),
      ...renderPlacement({ constraints, affinities, spreads }),
      Update:
        type === JobType.SYSTEM ? renderUpdate({ stagger: staggerOf(job), ...update }) : update && renderUpdate(update),
      Periodic: periodic && renderPeriodic(periodic),
      TaskGroups: Object.entries(groups).map(([group, options]) =>
        renderGroup(
          group,
          options,
          services.filter((service) => service.group === group),
        ),
      ),
    }),
  );
}

function renderPeriodic({ crons, timeZone, prohibitOverlap, ...rest }: PeriodicOptions): ApiPeriodic {
  allRendered(rest);
  return defined({
    Enabled: true,
    SpecType: "cron",
    Specs: [...crons],
    ProhibitOverlap: prohibitOverlap,
    TimeZone: timeZone,
  });
}
