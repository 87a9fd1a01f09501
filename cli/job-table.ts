import Table from "cli-table3";
import { ProviderDescription } from "../constructs/deployment";
import { AgentApi } from "./agent-api";
import { JobName } from "./nomad-api";

/**
 * The jobs of a deployment as Nomad runs them: version, and each instance with its client, its ports and its health. Health is
 * that of Consul's checks where the deployment has a Consul stack, else that of Nomad's own deployment.
 */
export async function jobTable(jobs: readonly JobName[], nomad: AgentApi, consul?: AgentApi): Promise<string> {
  const rows = (await Promise.all(jobs.map((job) => jobRows(job, nomad, consul)))).flat();
  if (rows.length === 0) return "";
  const table = new Table({ head: ["job", "version", "runs on", "ports", "health"], style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

async function jobRows(job: JobName, nomad: AgentApi, consul?: AgentApi): Promise<string[][]> {
  const path = (what: string): string => `/v1/job/${encodeURIComponent(job.id)}${what}?namespace=${job.namespace}`;
  const known = await nomad.get<{ Version: number }>(path(""));
  if (known === undefined) return [[job.id, "", "not registered", "", ""]];
  const all = (await nomad.get<Allocation[]>(path("/allocations"))) ?? [];
  const ids = all
    .filter(({ ClientStatus: status, DesiredStatus: desired }) => status === "running" && desired === "run")
    .sort((a, b) => a.NodeName.localeCompare(b.NodeName))
    .map(({ ID: id }) => id);
  // Only an allocation asked for by itself comes with its ports.
  const running = (await Promise.all(ids.map((id) => nomad.get<Allocation>(`/v1/allocation/${id}`)))).filter(
    (allocation) => allocation !== undefined,
  );
  if (running.length === 0) return [[job.id, String(known.Version), "nothing runs", "", ""]];
  return Promise.all(
    running.map(async (allocation, index) => [
      index === 0 ? job.id : "",
      index === 0 ? String(known.Version) : "",
      allocation.NodeName,
      portsOf(allocation)
        .map(({ Label: label, Value: value }) => `${label} ${value}`)
        .join(", "),
      await healthOf(allocation, consul),
    ]),
  );
}

async function healthOf(allocation: Allocation, consul: AgentApi | undefined): Promise<string> {
  const own = allocation.DeploymentStatus?.Healthy;
  const ports = portsOf(allocation).map(({ Value: value }) => value);
  const node = encodeURIComponent(allocation.NodeName);
  const checks = (await consul?.get<ConsulCheck[]>(`/v1/health/node/${node}`)) ?? [];
  const services = (await consul?.get<ConsulNode>(`/v1/catalog/node/${node}`))?.Services ?? {};
  const states = checks
    .filter(({ ServiceID: id }) => id.includes(allocation.ID) && ports.includes(services[id]?.Port ?? 0))
    .map(({ Status: status }) => status);
  if (states.length === 0) return own === undefined || own === null ? "running" : own ? "healthy" : "unhealthy";
  return ["critical", "warning"].find((state) => states.includes(state)) ?? "passing";
}

function portsOf({ AllocatedResources: resources }: Allocation): readonly Port[] {
  return resources?.Shared.Ports ?? [];
}

/** The agents of a deployment's stacks, by name. */
export function agentOf(stacks: readonly ProviderDescription[], name: "consul" | "nomad"): AgentApi | undefined {
  const stack = stacks.find(({ provider }) => provider === name);
  return stack && AgentApi.of(stack);
}

interface Port {
  readonly Label: string;
  readonly Value: number;
}

interface Allocation {
  readonly ID: string;
  readonly NodeName: string;
  readonly ClientStatus: string;
  readonly DesiredStatus: string;
  readonly DeploymentStatus: { readonly Healthy: boolean | null } | null;
  readonly AllocatedResources: { readonly Shared: { readonly Ports: readonly Port[] | null } } | null;
}

interface ConsulCheck {
  readonly ServiceID: string;
  readonly Status: string;
}

interface ConsulNode {
  readonly Services: Readonly<Record<string, { readonly Port: number }>>;
}
