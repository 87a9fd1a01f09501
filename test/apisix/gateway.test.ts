import { TerraformStack } from "cdktf";
import { parse } from "yaml";
import { GatewayProps, Machine } from "../../constructs";
import { expectGolden, expectGoldenDifference } from "../support/golden";
import { admin, everything, onNomad } from "./support/gateways";

type Config = Record<string, Record<string, unknown>>;

describe("as a Nomad job", () => {
  const nomadEverything = (stack: TerraformStack): Omit<Partial<GatewayProps>, "nomad"> => ({
    ...everything(stack),
    nodePool: "edge",
  });

  test("by default, on every client", () => {
    const result = onNomad();
    expectGolden("jobs.gateway.nomad.hcl", result.file("jobs/front.nomad.hcl"));
    expect(result.json.resource).not.toHaveProperty("nomad_variable");
  });

  test("with everything, on some", () => {
    const result = onNomad((stack, [web1]) => ({ ...nomadEverything(stack), clients: [web1!] }));
    expectGoldenDifference(
      "jobs.gateway.everything.diff",
      "jobs.gateway.nomad.hcl",
      result.file("jobs/front.nomad.hcl"),
    );
  });

  test("with the Admin API", () => {
    const text = onNomad(admin).file("jobs/front.nomad.hcl");
    expectGoldenDifference("jobs.gateway.admin.diff", "jobs.gateway.nomad.hcl", text);
    expect(text).not.toContain("apisix.yaml\n");
  });

  test("a low port is opened to containers on the clients that it is for, and on no other", () => {
    let clients: readonly Machine[] = [];
    onNomad((_, machines) => {
      clients = machines;
      return { httpPort: 80, clients: machines.slice(0, 1) };
    });
    const lowest = clients.map(({ model }) => model.sysctls.find(({ key }) => key.endsWith("unprivileged_port_start")));
    expect(lowest.map((sysctl) => sysctl?.value)).toEqual(["80", undefined]);
  });

  test("its configuration is a template whose own braces are not Nomad's, and valid YAML once rendered", () => {
    const { Job: job } = JSON.parse(onNomad(admin).file("jobs/front.json")) as {
      Job: {
        TaskGroups: { Tasks: { Templates: { DestPath: string; EmbeddedTmpl: string; LeftDelim?: string }[] }[] }[];
      };
    };
    const config = job.TaskGroups[0]?.Tasks[0]?.Templates.find(({ DestPath }) => DestPath === "local/config.yaml");
    expect(config?.LeftDelim).toBe("[[");
    const rendered = config!.EmbeddedTmpl.replace('[[ env "NOMAD_IP_http" ]]', "10.0.0.12");
    expect(rendered).not.toContain("[[");
    expect((parse(rendered) as Config).apisix?.status).toEqual({ ip: "10.0.0.12", port: 7085 });
  });

  test("secrets are the job's own variable, by reference, and it waits for them", () => {
    const { resource } = onNomad(nomadEverything).json as unknown as {
      resource: { nomad_variable: Record<string, object>; nomad_job: Record<string, { depends_on: string[] }> };
    };
    const [[id, variables] = []] = Object.entries(resource.nomad_variable);
    expect(variables).toMatchObject({
      path: "nomad/jobs/front",
      items: { ALICE_KEY: "${var.alice}", BOB_KEY: "${var.bob}" },
    });
    expect(Object.values(resource.nomad_job)[0]?.depends_on).toEqual([`nomad_variable.${id ?? ""}`]);
  });
});
