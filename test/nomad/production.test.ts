import { NomadProvider } from "@cdktf/provider-nomad/lib/provider";
import { App, TerraformStack } from "cdktf";
import { AgentProfile, Snapshots } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { Machine } from "../../constructs/machine";
import { Job, NomadServer, NomadServerProps } from "../../constructs/nomad";
import { defineInventory, WorkloadsStack } from "../../constructs/stacks";
import { asText, complaints, filesBelow, machinesOf, modelsOf, withProgram } from "../support/agents";
import { expectGolden } from "../support/golden";
import { synth, synthApp } from "../support/synth";

const FOLDER = "/etc/nomad.d";
const { PRODUCTION } = AgentProfile;

interface Cluster {
  readonly machines: [Machine, Machine, Machine, Machine];
  readonly consul: ConsulServer;
  readonly nomad: NomadServer;
}

/** Three servers of both, without a client. */
function servers(stack: TerraformStack, props: Partial<NomadServerProps> = {}): Cluster {
  const machines = machinesOf(stack, ["s1", "s2", "s3", "web"]) as Cluster["machines"];
  const [s1, s2, s3] = machines;
  const consul = new ConsulServer(stack, "consul", { machine: s1, profile: PRODUCTION });
  consul.addServers([s2, s3]);
  // Its profile is Consul's.
  const nomad = new NomadServer(stack, "nomad", { machine: s1, consul, ...props });
  nomad.addServers([s2, s3]);
  return { machines, consul, nomad };
}

function cluster(stack: TerraformStack): Machine[] {
  const { machines, nomad } = servers(stack, { snapshots: Snapshots.every("1h") });
  nomad.addClients([machines[3]], { docker: true });
  new NomadProvider(stack, "provider", { address: nomad.httpAddress });
  new Job(stack, "shop", {
    nomad,
    groups: {
      web: {
        ports: { www: {} },
        services: [{ port: "www", name: "shop" }],
        tasks: {
          server: {
            docker: { image: "nginx" },
            templates: [
              {
                destination: "local/page",
                data: '{{ key "shop/title" }} {{ range ls "shop/items" }}{{ .Key }}{{ end }} {{ keyOrDefault "shop/word" "x" }}',
              },
              {
                destination: "local/peers",
                data: '{{ range service "green.database|passing" }}{{ .Address }}{{ end }}',
              },
            ],
          },
        },
      },
    },
  });
  return machines;
}

test("configuration of a server and a client", () => {
  const [s1, , , web] = modelsOf(cluster);
  expectGolden("nomad.production.server.hcl", asText(filesBelow(s1!, FOLDER)));
  expectGolden("nomad.production.client.hcl", asText(filesBelow(web!, FOLDER)));
});

const withNomad = withProgram("nomad");
withNomad("nomad itself takes it", () => {
  // The files of keys and certificates are not there yet; it reads them when it starts.
  expect(modelsOf(cluster).map((model) => complaints("nomad", filesBelow(model, FOLDER)))).toEqual(Array(4).fill(""));
});

test("a server runs as its own user in a sandbox, a client as root; both wait for their secrets, and no boot waits for them", () => {
  const [s1, , , web] = modelsOf(cluster);
  const unitOf = (model: typeof s1) => model?.units.find(({ name }) => name === "nomad.service")?.content ?? "";
  expectGolden("nomad.production.server.service", unitOf(s1));
  expectGolden("nomad.production.client.service", unitOf(web));
  const rules = "/usr/local/lib/vipstack/iptables-rules check";
  expect([...s1!.ready, ...web!.ready].map(({ check }) => check)).toEqual([
    rules,
    expect.stringContaining("docker info"),
    rules,
  ]);
});

test("no secret is in user-data or in the JSON: Terraform has sensitive variables in their place", () => {
  const { json } = synth(cluster);
  const { variable } = json as unknown as { variable: Record<string, { sensitive: boolean; default?: string }> };
  const names = Object.keys(variable).filter((name) =>
    /_nomad_(?!s\d|web)/.test(name.replace("_consul_token_nomad", "")),
  );
  expect(names.sort()).toEqual(
    [
      "authority",
      "certificate_s1",
      "certificate_s2",
      "certificate_s3",
      "certificate_web",
      "gossip_key",
      "management_token",
    ].map((name) => expect.stringMatching(new RegExp(`_nomad_${name}$`)) as unknown),
  );
  expect(Object.keys(variable).filter((name) => name.includes("_token_nomad_"))).toHaveLength(4);
  for (const each of Object.values(variable)) expect(each).toMatchObject({ sensitive: true });
  expect(Object.values(variable).flatMap((each) => each.default ?? [])).toEqual([]);
});

test("a client has no gossip key and no token of Nomad", () => {
  const [s1, , , web] = modelsOf(cluster);
  const pathsOf = (model: typeof web) =>
    model?.secrets
      .map(({ path }) => path.replace("/etc/vipstack/secrets/", ""))
      .filter((path) => path.includes("nomad"));
  const agent = ["consul-tokens/nomad", "nomad/agent.pem", "nomad/authority.pem", "nomad/consul.hcl"];
  expect(pathsOf(web)?.sort()).toEqual(agent);
  expect(pathsOf(s1)?.sort()).toEqual(
    [...agent, "nomad-access/access.json", "nomad-tokens/management", "nomad/gossip.hcl"].sort(),
  );
});

test("what an agent may do in Consul is derived from what it does, and from the jobs of the program", () => {
  const [s1] = modelsOf(cluster);
  const [access = ""] = s1!.secrets.flatMap(({ path, content }) => (/consul-access/.test(path) ? [content] : []));
  const { policies } = JSON.parse(access) as { policies: Record<string, string> };
  const ofNomad = Object.entries(policies).filter(([name]) => /^nomad-(s1|web)$/.test(name));
  expectGolden("nomad.production.policies.hcl", asText(Object.fromEntries(ofNomad)));
});

test("a snapshot is saved with the certificate and the token of the server", () => {
  const [s1] = modelsOf(cluster);
  expect(filesBelow(s1!, "/usr/local/lib/vipstack")["nomad-snapshot"]).toContain(
    "/usr/local/lib/vipstack/nomad-operator /usr/local/bin/nomad operator snapshot\n",
  );
});

test("a client leaves by its own identity, and comes back by it", () => {
  const [, , , web] = modelsOf(cluster);
  expect(web!.beforeRemoval.join("\n")).toContain("/usr/local/lib/vipstack/nomad-drain out");
  expect(web!.units.map(({ name }) => name)).toContain("vipstack-nomad-return.service");
});

test("Terraform asks by https, with a certificate of its own and the token", () => {
  const inventory = defineInventory({
    name: "jobs",
    subnets: ["10.0.0.0/24"],
    machines: [{ name: "s1", address: "10.0.0.11" }],
  });
  const { json } = synthApp((app: App) => {
    const { nomad } = servers(new TerraformStack(app, "machines"));
    new WorkloadsStack(app, "workloads", { nomad, inventory });
    return "workloads";
  });
  const { provider } = json as unknown as { provider: { nomad: Record<string, string>[] } };
  const certificate = "${var.machines_nomad_certificate_terraform_workloads}";
  expect(provider.nomad).toEqual([
    {
      address: "https://10.0.0.11:4646",
      ca_pem: "${var.machines_nomad_authority}",
      cert_pem: certificate,
      key_pem: certificate,
      secret_id: "${var.machines_nomad_management_token}",
    },
  ]);
});

describe("what is refused", () => {
  const refusal =
    (build: (all: Cluster, stack: TerraformStack) => void, props: Partial<NomadServerProps> = {}) =>
    () =>
      synth((stack) => {
        build(servers(stack, props), stack);
      });

  test("one server alone", () => {
    const alone = () =>
      synth((stack) => {
        const [s1, s2, s3] = machinesOf(stack, ["s1", "s2", "s3"]) as [Machine, Machine, Machine];
        const consul = new ConsulServer(stack, "consul", { machine: s1, profile: PRODUCTION });
        consul.addServers([s2, s3]);
        new NomadServer(stack, "nomad", { machine: s1, consul, profile: PRODUCTION });
      });
    expect(alone).toThrow(
      /nomad\] 'addServers' must lead to at least 3 servers with AgentProfile.PRODUCTION: .*, got 1: add two machines/,
    );
  });

  test("a Consul of another profile, in one error", () => {
    const mixed = () =>
      synth((stack) => {
        const [s1, s2, s3] = machinesOf(stack, ["s1", "s2", "s3"]) as [Machine, Machine, Machine];
        const consul = new ConsulServer(stack, "consul", { machine: s1 });
        const nomad = new NomadServer(stack, "nomad", { machine: s1, consul, profile: PRODUCTION });
        nomad.addServers([s2, s3]);
      });
    expect(mixed).toThrow(
      /nomad: 'consul' must be a cluster with AgentProfile.PRODUCTION, too: Nomad finds its servers through it, got "test\/consul": give it 'profile: AgentProfile.PRODUCTION', or leave Nomad's out/,
    );
  });

  test("another profile with such a Consul", () => {
    expect(refusal(() => undefined, { profile: AgentProfile.CLUSTER })).toThrow(
      /nomad: 'consul' can't be a cluster with AgentProfile.PRODUCTION yet, because a Nomad cluster of another profile has no token/,
    );
  });

  test("a cluster that exists, with such a Consul", () => {
    expect(
      refusal(({ consul }, stack) => {
        NomadServer.fromNomadServerAttributes(stack, "theirs", { address: "http://10.0.0.9:4646", consul });
      }),
    ).toThrow(/theirs: 'consul' can't be a cluster with AgentProfile.PRODUCTION yet/);
  });

  test("jobs on a server", () => {
    expect(
      refusal(({ nomad, machines }) => {
        nomad.addClients([machines[1]]);
      }),
    ).toThrow(
      /s2: 'machine' can't be a server, too, with AgentProfile.PRODUCTION: .*, got "s2": run jobs on other machines/,
    );
  });
});
