import { Installation } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { RealServers } from "../../constructs/lvs";
import { renderTeardownScript } from "../../constructs/machine";
import { CONSUL_TEMPLATE, program, sysctlsOf } from "./support/program";

const vip = "192.168.139.100";
const hello = RealServers.fromConsul("hello");

test("the director gets a local agent, consul-template, and consul-rules before every application of the rules", () => {
  const { ipvs } = program(({ following }) => {
    following().addVirtualService("web", { address: vip, port: 80, realServers: hello });
  });
  expect(ipvs.model.units.map(({ name }) => name)).toContain("consul.service");
  expect(ipvs.model.downloads.filter(({ path }) => path.endsWith("consul-template"))).toEqual([
    {
      url: CONSUL_TEMPLATE.url,
      sha256: CONSUL_TEMPLATE.sha256,
      path: "/usr/local/bin/consul-template",
      version: CONSUL_TEMPLATE.version,
      unpack: "zip",
      member: "consul-template",
    },
  ]);
  const unitOf = (name: string): string => ipvs.model.units.find((unit) => unit.name === name)?.content ?? "";
  const programs = "/usr/local/lib/vipstack";
  for (const verb of ["ExecStart", "ExecReload"])
    expect(unitOf("vipstack-ipvs.service")).toContain(
      `${verb}=-${programs}/consul-rules\n${verb}=${programs}/ipvs-rules apply\n`,
    );
  // The end of a grace comes without an answer from Consul.
  expect(unitOf("vipstack-ipvs-keeper.service")).toContain(
    `ExecStart=-/bin/sh -c 'cd /run/vipstack && ! test -e consul-rules.json && ! test consul -nt consul-rules.lock || exec ${programs}/consul-rules'\nExecStart=/bin/sh -c '${programs}/ipvs-look || exec ${programs}/ipvs-rules apply --quiet'\n`,
  );
  expect(unitOf("vipstack-ipvs-watch.service")).toContain(
    `ExecStart=${programs}/rules-watch ipvs --seconds 5 --source /run/vipstack/consul --waiting /run/vipstack/consul-rules.json\n`,
  );
  expect(ipvs.model.units.map(({ name }) => name)).toContain("vipstack-consul-template.service");
  expect(sysctlsOf(ipvs)).toEqual(
    expect.arrayContaining(["net.ipv4.vs.conntrack = 1", "net.ipv4.conf.eth0.send_redirects = 0"]),
  );
});

test("consul-template is installed as the cluster says, if the director says nothing", () => {
  const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n…";
  const { ipvs } = program(({ stack, following }) => {
    const consul = ConsulServer.fromConsulServerAttributes(stack, "vendor", {
      address: "http://192.168.139.24:8500",
      retryJoin: ["192.168.139.24"],
      consulTemplate: Installation.vendorApt({ version: "0.41.1", key }),
    });
    const director = following({ consul, consulTemplate: undefined });
    director.addVirtualService("web", { address: vip, port: 80, realServers: hello });
  });
  expect(ipvs.model.packages).toContain("consul-template=0.41.1-1");
  expect(ipvs.model.aptSources).toEqual([expect.objectContaining({ pins: { "consul-template": "0.41.1-1" } })]);
  expect(ipvs.model.units.find(({ name }) => name === "vipstack-consul-template.service")?.content).toContain(
    "ExecStart=/usr/bin/consul-template -config",
  );
});

test("what consul-rules writes is no content of a deployment, but leaves with the director", () => {
  const { ipvs } = program(({ following }) => {
    following().addVirtualService("web", { address: vip, port: 80, realServers: hello });
  });
  expect(ipvs.model.liveFiles.filter(({ path }) => path.includes("/consul-") && path.endsWith(".rules"))).toEqual([]);
  expect(renderTeardownScript(ipvs.model)).toMatch(/\nrm -f .*\/etc\/vipstack\/ipvs\.d\/consul-\*\.rules\n/);
});

test("the list and the virtual services arrive together, before consul-template gets them", () => {
  const { ipvs } = program(({ following }) => {
    following().addVirtualService("web", { address: vip, port: 80, realServers: hello });
  });
  const reloads = ipvs.model.liveFiles.map(({ path, reloads: unit }) => `${path} ${unit}`);
  expect(reloads).toEqual(expect.arrayContaining(["/etc/vipstack/consul-followed.json vipstack-ipvs.service"]));
  const units = [...new Set(ipvs.model.liveFiles.map(({ reloads: unit }) => unit))];
  expect(units.indexOf("vipstack-consul-template.service")).toBeGreaterThan(units.indexOf("vipstack-ipvs.service"));
});
