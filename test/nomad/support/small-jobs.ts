import { TerraformStack } from "cdktf";
import { GroupOptions, Job, JobProps, TaskOptions, WebJob, WebJobProps } from "../../../constructs/nomad";

export const server: TaskOptions = { docker: { image: "nginx" } };

/** A job of one group `web` with one task `server`. */
export function job(group: Partial<GroupOptions>, props: Partial<JobProps> = {}): (stack: TerraformStack) => Job {
  return (stack) => new Job(stack, "shop", { groups: { web: { tasks: { server }, ...group } }, ...props });
}

export function web(props: Partial<WebJobProps>): (stack: TerraformStack) => WebJob {
  return (stack) => new WebJob(stack, "shop", { docker: { image: "nginx" }, ports: { www: { to: 80 } }, ...props });
}

export function task(options: Partial<TaskOptions>, group: Partial<GroupOptions> = {}): (stack: TerraformStack) => Job {
  return job({ tasks: { server: { ...server, ...options } }, ...group });
}
