import { TerraformStack } from "cdktf";
import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { AgentProfile } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { Director, RealServers } from "../../constructs/lvs";
import { Machine } from "../../constructs/machine";
import { Job, NomadClientOptions, NomadServer } from "../../constructs/nomad";
import { jobPorts } from "../../constructs/nomad/job-ports";
import { machinesOf, modelsOf, OfferingBackend } from "../support/agents";
import { synth } from "../support/synth";

const RANGE = { min: 20000, max: 32000 };

test("ports of jobs are the range and what is fixed, without what roles claim", () => {
  const claims = [{ port: 8500 }, { port: 20000 }, { port: 20002 }, { port: 32000 }];
  expect(jobPorts(RANGE, [9000, 8080, 8500, 20500, 8080], claims)).toEqual(["8080", "9000", "20001", "20003:31999"]);
  expect(jobPorts(RANGE, [], [])).toEqual(["20000:32000"]);
});

function cluster(options: NomadClientOptions, profile = AgentProfile.PRODUCTION): (stack: TerraformStack) => Machine[] {
  return (stack) => {
    const versions = { consul: "1.14.11", nomad: "1.6.3", "consul-template": "0.41.1" };
    const backend = new OfferingBackend(stack, "offering", versions);
    const machines = machinesOf(stack, ["s1", "s2", "s3", "web", "lb"], backend);
    const [s1, s2, s3, web, lb] = machines as [Machine, Machine, Machine, Machine, Machine];
    const consul = new ConsulServer(stack, "consul", { machine: s1, profile });
    consul.addServers([s2, s3]);
    const nomad = new NomadServer(stack, "nomad", { machine: s1, consul, profile });
    nomad.addServers([s2, s3]);
    nomad.addClients([web], { docker: true, ...options });
    new NomadProvider(stack, "provider", { address: nomad.httpAddress });
    const job = new Job(stack, "shop", {
      nomad,
      groups: {
        web: {
          ports: { www: { to: 80 }, admin: { static: 8080 } },
          services: [{ port: "www", name: "shop" }],
          shutdownDelay: "30s",
          tasks: { server: { docker: { image: "nginx" } } },
        },
      },
    });
    new Director(stack, "director", { machine: lb, consul }).addVirtualService("web", {
      address: "10.0.0.100",
      port: 80,
      realServers: RealServers.ofJob(job),
    });
    return machines;
  };
}

function published(options: NomadClientOptions): string[] {
  const web = modelsOf(cluster(options))[3];
  const text = web?.liveFiles.find(({ path }) => path === "/etc/vipstack/iptables.d/firewall.v4")?.content ?? "";
  return text.split("\n").filter((line) => line.startsWith("-A VIPSTACK-PUBLISHED ") && line.includes("-p tcp"));
}

test("who may reach them: those who are named, the cluster and the directors that follow; without a name nothing is limited", () => {
  const to = "-p tcp -m tcp --syn -m multiport --dports 8080,20000:32000";
  const cidrs = [11, 12, 13, 14, 15].map((last) => `10.0.0.${last}/32`);
  expect(published({ portClients: ["10.8.0.0/16", "fd00:8::/32"] })).toEqual([
    ...[...cidrs, "10.8.0.0/16"].map((peer) => `-A VIPSTACK-PUBLISHED -s ${peer} ${to} -j RETURN`),
    `-A VIPSTACK-PUBLISHED ${to} -j DROP`,
  ]);
  expect(published({ portClients: [] }).slice(0, -1)).toHaveLength(cidrs.length);
  expect(published({})).toEqual([]);
});

test("another profile, and what is no network, are refused", () => {
  const problem = (options: NomadClientOptions, profile?: AgentProfile) => () => synth(cluster(options, profile));
  expect(problem({ portClients: ["office"] })).toThrow(
    `'portClients' must hold addresses and networks, got "office": write them like '10.0.0.7' or '10.0.0.0/24'`,
  );
  expect(problem({ portClients: ["10.8.0.0/16"] }, AgentProfile.CLUSTER)).toThrow(
    `'portClients' can't be given without AgentProfile.PRODUCTION, as only its machines have a firewall, got ["10.8.0.0/16"]: add 'profile: AgentProfile.PRODUCTION' to its ConsulServer, or leave it out`,
  );
});
