import fc from "fast-check";
import { CliError } from "../../../cli/errors";
import { clusterObjects, identity, parseJob } from "../../../cli/handover/objects";
import { literalResources, templateLiteral, templateLiterals } from "../../../cli/handover/resources";
import { escapeTemplate, escapeTemplates } from "../../../constructs/private/template-escape";
import { withTerraform } from "../../support/terraform";

async function refusal(json: Record<string, unknown>): Promise<CliError> {
  try {
    await literalResources("platform", json);
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error("it was not refused");
}

/** What cdktf notes of a resource. */
const at = (path: string): object => ({ "//": { metadata: { path, uniqueId: path.replace(/\W/g, "_") } } });

test("everything that only Terraform's providers could do is reported at once, by construct path and property", async () => {
  const error = await refusal({
    "//": {},
    terraform: {},
    provider: { consul: [{ address: "http://127.0.0.1:8500" }] },
    data: {},
    resource: {
      consul_keys: { good: { "//": {}, key: [{ path: "a", value: "$${b}" }] } },
      consul_node: { d2_1F: { ...at("platform/d2/Default"), name: "d2", address: "1", lifecycle: {} } },
      consul_key_prefix: { all: { path_prefix: "web/" } },
    },
  });
  expect(error.message).toBe(
    [
      "stack 'platform' can't be handed over to its agent without Terraform's providers:",
      "  - data: can't be handed over",
      "  - platform/d2 (consul_node): 'lifecycle' can't be handed over",
      "  - consul_key_prefix.all (consul_key_prefix): this type of resource is unknown",
    ].join("\n"),
  );
  expect(error.cure).toBe(
    "fix that, or give Terraform a local mirror of the providers (docs/stacks.md); can be handed over: consul_keys, consul_config_entry, consul_node, consul_service, nomad_job, nomad_variable",
  );
});

describe("Terraform's variables", () => {
  afterEach(() => {
    for (const name of ["key", "port", "list"]) Reflect.deleteProperty(process.env, `TF_VAR_${name}`);
  });

  const variable = { key: { type: "string", sensitive: true }, port: { type: "number", default: 80 } };
  const secrets = (items: object, more: object = {}): Record<string, unknown> => ({
    variable,
    resource: { nomad_variable: { secrets_A1: { ...at("workloads/front/secrets"), path: "nomad/jobs/front", items } } },
    ...more,
  });

  withTerraform("their values are those that Terraform reads", async () => {
    const awkward = 'a "\\ ${x} %{y} $${{z}}\n\t é';
    process.env.TF_VAR_key = awkward;
    const items = {
      KEY: "${var.key}",
      BOTH: "$${x}:${var.key}:${var.port}",
      PORT: "${var.port}",
      LOCAL: '${trimprefix(local.twice, "8")}',
    };
    const resources = await literalResources(
      "workloads",
      secrets(items, { locals: { twice: "${var.port}${var.port}" } }),
    );
    expect(resources.flatMap(clusterObjects)).toEqual([
      {
        kind: "variable",
        path: "default/nomad/jobs/front",
        secret: true,
        variable: {
          Path: "nomad/jobs/front",
          Namespace: "default",
          Items: { KEY: awkward, BOTH: `\${x}:${awkward}:80`, PORT: "80", LOCAL: "080" },
        },
      },
    ]);
  });

  test("one without a value is named", async () => {
    expect((await refusal(secrets({ KEY: "${var.key}" }))).message).toContain(
      "  - variable 'key' has no value: set TF_VAR_key",
    );
  });

  withTerraform("what refers to resources, or to nothing, is reported as Terraform does", async () => {
    process.env.TF_VAR_key = "k";
    const { message } = await refusal(secrets({ A: "${consul_node.d2.name}", B: "${var.key}", C: "${nothing(1)}" }));
    expect(message.split("\n").slice(1)).toEqual([
      "  - workloads/front/secrets (nomad_variable): 'items': Reference to undeclared resource: " +
        'A managed resource "consul_node" "d2" has not been declared in the root module.',
      expect.stringContaining("workloads/front/secrets (nomad_variable): 'items': Call to unknown function: "),
    ]);
  });

  withTerraform("a value that is none of its type", async () => {
    process.env.TF_VAR_key = "k";
    process.env.TF_VAR_port = "http";
    expect((await refusal(secrets({ KEY: "${var.key}" }))).message).toContain(
      "Invalid value for input variable: Unsuitable value for var.port set using the TF_VAR_port environment variable",
    );
    Reflect.deleteProperty(process.env, "TF_VAR_port");
  });
});

test("dependencies come first", async () => {
  const service = { name: "web", node: "d2", depends_on: ["consul_node.d2"] };
  const json = {
    resource: { consul_service: { web: service }, consul_node: { d2: { name: "d2", address: "10.0.0.1" } } },
  };
  expect((await literalResources("platform", json)).map(({ path }) => path)).toEqual([
    "consul_node.d2",
    "consul_service.web",
  ]);
});

test("what a thing is in the cluster decides whether it is the same one, not its name in the program", async () => {
  const resources = await literalResources("all", {
    resource: {
      consul_keys: {
        one: {
          key: [
            { path: "a/b", value: "1", delete: true },
            { path: "c", value: "2" },
          ],
        },
      },
      consul_config_entry: { two: { kind: "service-defaults", name: "web", config_json: '{"Protocol":"http"}' } },
      consul_service: { three: { name: "web", service_id: "web-80", node: "d2", port: 80 } },
      nomad_job: { four: { json: true, jobspec: '{"Job":{"ID":"hello","Namespace":"team"}}' } },
    },
  });
  expect(resources.flatMap(clusterObjects).map(identity)).toEqual([
    "key:a/b",
    "key:c",
    "config-entry:service-defaults/web",
    "service:d2/web-80",
    "job:team/hello",
  ]);
});

test("a job in HCL is refused", async () => {
  const job = { ...at("workloads/web"), jobspec: 'job "web" {}' };
  const [resource] = await literalResources("workloads", { resource: { nomad_job: { web_1: job } } });
  expect(() => clusterObjects(resource!)).toThrow(
    "workloads/web (nomad_job): 'jobspec' is HCL, which only Terraform's provider can read",
  );
});

test("a job's name, with or without the root that the API's JSON may have", () => {
  expect(parseJob('{"Job":{"ID":"a"}}')).toEqual({ id: "a", namespace: "default" });
  expect(parseJob('{"ID":"a","Namespace":"team"}')).toEqual({ id: "a", namespace: "team" });
});

const awkwardText = fc.oneof(
  fc
    .array(fc.constantFrom("$", "%", "{", "}", "${", "%{", "$$", "%%", '"', '${"$$"}{', "x", "é", "e\u0301"), {
      maxLength: 12,
    })
    .map((parts) => parts.join("")),
  fc.string({ unit: "grapheme" }),
);

test("whatever was escaped comes out as it went in, in Unicode's composed form as Terraform keeps it", () => {
  fc.assert(
    fc.property(awkwardText, (text) => {
      expect(templateLiteral(escapeTemplate(text))).toBe(text.normalize("NFC"));
    }),
    { numRuns: 2000 },
  );
});

test("keys and values of nested objects", () => {
  const value = { "${a}": ["%{b}", 1, true, null], "$${c}": { d: "%%{" } };
  expect(templateLiterals(escapeTemplates(value))).toEqual(value);
});

test.each([
  "${consul_node.d2.name}",
  "a ${var.x} b",
  "%{ if true }x%{ endif }",
  '${"text"}',
  '${"$$"}',
  "$$${x}",
  "%$${x}",
  '$$${"$$"}{',
])("an expression of Terraform is none: %s", (text) => {
  expect(templateLiteral(text)).toBeUndefined();
});
