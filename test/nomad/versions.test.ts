import { TerraformStack } from "cdktf";
import { Installation } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { Machine } from "../../constructs/machine";
import { Check, Job, JobCluster, NomadServer, provideCluster, WebJob } from "../../constructs/nomad";
import { machinesOf, OfferingBackend } from "../support/agents";
import { refusalOf } from "./support/workload";

const cluster = (version?: string): JobCluster => ({
  clients: ["web1"],
  dynamicPorts: { min: 20000, max: 32000 },
  version,
  node: { path: "machines/nomad" },
});

/** A job with what came late, as an option and by an override. */
function late(stack: TerraformStack): void {
  new WebJob(stack, "shop", {
    docker: { image: "nginx" },
    ports: { www: { to: 80 } },
    nodePool: "front",
    check: Check.http({ tlsServerName: "web.example" }),
    restart: { renderTemplates: true },
    templates: [{ destination: "local/a", data: "a", once: true }],
    logs: { disabled: true },
    override: (job) => ({
      ...job,
      UI: { Description: "x" },
      TaskGroups: job.TaskGroups.map((group) => ({ ...group, Disconnect: { LostAfter: 60e9 } })),
    }),
  });
}

const words = (property: string, since: string, runs: string, got = ""): string =>
  `[test/shop] '${property}' is known to Nomad since ${since}, and ${runs} runs${got}: leave it out, or upgrade machines/nomad to ${since} or newer`;

test("a job's property that the running Nomad drops is refused, however it is set", () => {
  const refusal = (version?: string): string[] | undefined =>
    refusalOf((stack) => {
      provideCluster(stack, cluster(version));
      late(stack);
    })
      ?.split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("["));
  expect(refusal("1.6.3")).toEqual([
    words("templates[0].once", "1.10.2", "1.6.3", ", got true"),
    words("disconnect", "1.8.0", "1.6.3"),
    words("ui", "1.8.0", "1.6.3"),
  ]);
  expect(refusal("1.4.0")).toEqual([
    words("datacenters", "1.5.0", "1.4.0"),
    words("nodePool", "1.6.0", "1.4.0", ', got "front"'),
    words("check.tlsServerName", "1.6.0", "1.4.0", ', got "web.example"'),
    words("restart.renderTemplates", "1.6.2", "1.4.0", ", got true"),
    words("templates[0].once", "1.10.2", "1.4.0", ", got true"),
    words("logs.disabled", "1.5.5", "1.4.0", ", got true"),
    words("disconnect", "1.8.0", "1.4.0"),
    words("ui", "1.8.0", "1.4.0"),
  ]);
  expect(refusal("1.10.2")).toBeUndefined();
  expect(refusal()).toBeUndefined();
});

test("the version is that of the cluster's oldest agent, or what is said of one that exists", () => {
  const job = (stack: TerraformStack, nomad: JobCluster): unknown =>
    new Job(stack, "shop", {
      nomad,
      groups: {
        g: { tasks: { t: { exec: { command: "x" }, templates: [{ destination: "a", data: "a", once: true }] } } },
      },
    });
  const made = (clients: string): string | undefined =>
    refusalOf((stack) => {
      const backend = new OfferingBackend(stack, "offering", { consul: "1.14.11", nomad: "1.10.2" });
      const [server, web] = machinesOf(stack, ["server", "web"], backend) as [Machine, Machine];
      const consul = new ConsulServer(stack, "consul", { machine: server });
      const nomad = new NomadServer(stack, "cluster", { machine: server, consul });
      const install = Installation.url({ url: "https://example.com/nomad", sha256: "a".repeat(64), version: clients });
      nomad.addClients([web], { install });
      job(stack, nomad);
    });
  expect(made("1.10.2")).toBeUndefined();
  expect(made("1.6.3")).toContain(
    "[test/shop] 'groups.g.tasks.t.templates[0].once' is known to Nomad since 1.10.2, and 1.6.3 runs, got true: leave it out, or upgrade test/cluster to 1.10.2 or newer",
  );
  const foreign = (version: string): string | undefined =>
    refusalOf((stack) => {
      const address = "http://10.0.0.5:8500";
      const consul = ConsulServer.fromConsulServerAttributes(stack, "consul", { address, retryJoin: ["10.0.0.5"] });
      const nomad = NomadServer.fromNomadServerAttributes(stack, "cluster", {
        address: "http://10.0.0.5:4646",
        consul,
        version,
      });
      job(stack, nomad);
    });
  expect(foreign("1.10.2")).toBeUndefined();
  expect(foreign("1.6.3")).toContain(
    "and 1.6.3 runs, got true: leave it out, or upgrade test/cluster to 1.10.2 or newer",
  );
  expect(foreign("1.6")).toBe("test/cluster: 'version' must be three numbers, got \"1.6\": write it like '1.6.3'");
});

test("a client's option that its agent does not know", () => {
  expect(
    refusalOf((stack) => {
      const backend = new OfferingBackend(stack, "offering", { consul: "1.14.11", nomad: "1.5.0" });
      const [server, web] = machinesOf(stack, ["server", "web"], backend) as [Machine, Machine];
      const consul = new ConsulServer(stack, "consul", { machine: server });
      new NomadServer(stack, "cluster", { machine: server, consul }).addClients([web], { nodePool: "front" });
    }),
  ).toBe(
    "test/cluster/web: 'nodePool' is known to Nomad since 1.6.0, and 1.5.0 runs, got \"front\": leave it out, or upgrade Nomad to 1.6.0 or newer",
  );
});
