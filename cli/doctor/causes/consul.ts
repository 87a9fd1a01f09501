import { askConsul } from "../../consul-question";
import { Cause } from "../cause";
import { Facts, Look } from "../look";
import { hostOf, Scene, socket } from "../scene";

/** An instance of a service in an answer of Consul: https://developer.hashicorp.com/consul/api-docs/health */
interface Instance {
  readonly Service: { readonly Address: string; readonly Port: number };
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Checks: readonly { readonly Name: string; readonly Status: string; readonly Output: string }[];
}

const LEADER = "curl --silent --show-error --max-time 5 http://127.0.0.1:8500/v1/status/leader";

/** The director's agent or the cluster behind it does not answer. */
export const CONSUL_AWAY: Cause = {
  name: "consul-away",
  looks: (scene) => consulLooks(scene),
  decide: (scene, facts) => {
    const { director, follows, endpoint } = scene;
    if (follows === undefined || !facts.reached(director)) return undefined;
    if (facts.has(director, LEADER, /^"\S+:\d+"/) && instancesOf(scene, facts) !== undefined) return undefined;
    return {
      cause: `Consul does not answer ${director}, so ${endpoint} keeps the real servers that ${follows} had before`,
      evidence: [facts.evidence(director, LEADER), facts.evidence(director, healthCommand(scene))],
      cure: [
        `on ${director}: systemctl restart consul; then journalctl --unit consul --lines 20`,
        "on a machine of Consul's servers: consul operator raft list-peers   (without a majority of them Consul answers nothing)",
      ],
    };
  },
  explains: ["consul-empty", "job-unhealthy", "port-refused", "stale-real-server"],
};

/** Consul has no instance of the service. */
export const CONSUL_EMPTY: Cause = {
  name: "consul-empty",
  looks: (scene) => consulLooks(scene),
  decide: (scene, facts) => {
    const { director, follows, endpoint, service } = scene;
    if (follows === undefined || instancesOf(scene, facts)?.length !== 0) return undefined;
    return {
      cause: `Consul has no instance of ${follows}${service.tag === undefined ? "" : ` with tag ${service.tag}`}, so ${endpoint} gets no real server`,
      evidence: [facts.evidence(director, healthCommand(scene))],
      cure: [
        `on ${director}: consul catalog services   (the name and tags that are registered)`,
        "if a job registers it, on a Nomad server: nomad job status   (`vipstack up` deploys a missing job; `nomad job status NAME` says why one is pending)",
      ],
    };
  },
  explains: ["stale-real-server", "port-refused"],
};

/** Consul has instances, and a check of each of them fails. */
export const JOB_UNHEALTHY: Cause = {
  name: "job-unhealthy",
  looks: (scene) => consulLooks(scene),
  decide: (scene, facts) => {
    const { director, follows, endpoint } = scene;
    const instances = instancesOf(scene, facts) ?? [];
    if (follows === undefined || instances.length === 0 || instances.some(isHealthy)) return undefined;
    const checks = instances.flatMap(({ Checks }) => Checks.find(({ Status }) => Status !== "passing") ?? []);
    const nodes = [...new Set(instances.map(({ Node }) => Node.Node))];
    return {
      cause: `no instance of ${follows} is healthy in Consul (${instances.length} registered), so ${endpoint} gets no real server`,
      evidence: [
        {
          machine: director,
          command: healthCommand(scene),
          lines: checks.map(
            ({ Name, Status, Output }) => `${Name}: ${Status}: ${Output.trim().split("\n").at(-1) ?? ""}`,
          ),
        },
      ],
      cure: [
        `on ${nodes.join(" and ")}: look at the log of the server that the check asks`,
        "if it is a job, on a Nomad server: nomad job status NAME; then nomad alloc logs -stderr ALLOCATION",
      ],
    };
  },
  explains: ["stale-real-server", "port-refused"],
};

function isHealthy({ Checks }: Instance): boolean {
  return Checks.every(({ Status }) => Status === "passing");
}

/** Address and port of each healthy instance; undefined if Consul did not answer, or the service follows none. */
export function healthyInstances(scene: Scene, facts: Facts): readonly string[] | undefined {
  return instancesOf(scene, facts)
    ?.filter(isHealthy)
    .map(({ Service, Node }) => socket(Service.Address || Node.Address, Service.Port));
}

/** Whether a real server in the director's table is a healthy instance; undefined as for {@link healthyInstances}. */
export function isHealthyInstance(scene: Scene, facts: Facts, target: string): boolean | undefined {
  const healthy = healthyInstances(scene, facts);
  // Masquerading alone can go to another port than that of the virtual service.
  const anyPort = scene.forwarding.method !== "masquerading" || scene.service.mark !== undefined;
  return anyPort ? healthy?.map(hostOf).includes(hostOf(target)) : healthy?.includes(target);
}

function consulLooks(scene: Scene): Look[] {
  if (scene.follows === undefined) return [];
  return [LEADER, healthCommand(scene)].map((command) => ({ machine: scene.director, command }));
}

/** The director's consul-template asks the same agent. */
export function healthCommand(scene: Scene): string {
  const { follows = "", service } = scene;
  const { tag, datacenter } = service;
  const words = [
    ...(tag === undefined ? [] : [`tag=${tag}`]),
    ...(datacenter === undefined ? [] : [`dc=${datacenter}`]),
  ];
  const query = words.length === 0 ? "" : `?${words.join("&")}`;
  return askConsul(
    scene.deployment.machines.find(({ name }) => name === scene.director),
    `/v1/health/service/${follows}${query}`,
  );
}

function instancesOf(scene: Scene, facts: Facts): readonly Instance[] | undefined {
  if (scene.follows === undefined) return undefined;
  try {
    const answer: unknown = JSON.parse(facts.lines(scene.director, healthCommand(scene)).join("\n"));
    return Array.isArray(answer) ? (answer as Instance[]) : undefined;
  } catch {
    return undefined;
  }
}
