import { CliError } from "../../cli/errors";
import { clusterObjects, identity, parseJob } from "../../cli/handover-objects";
import { literalResources } from "../../cli/handover-resources";

function refusal(json: Record<string, unknown>): CliError {
  try {
    literalResources("platform", json);
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error("it was not refused");
}

test("everything that only Terraform could do is told at once", () => {
  const error = refusal({
    "//": {},
    terraform: {},
    provider: { consul: [{ address: "http://127.0.0.1:8500" }] },
    data: {},
    resource: {
      consul_keys: { good: { "//": {}, key: [{ path: "a", value: "$${b}" }] } },
      consul_node: { d2: { name: "d2", address: "${var.address}", lifecycle: { ignore_changes: "all" } } },
      consul_key_prefix: { all: { path_prefix: "web/" } },
    },
  });
  expect(error.message).toBe(
    [
      "stack 'platform' needs Terraform's providers, which are not to be had here:",
      "  - data: can't be handed over",
      "  - consul_node.d2: 'address' holds an expression of Terraform: ${var.address}",
      "  - consul_node.d2: 'lifecycle' can't be handed over",
      "  - consul_key_prefix.all: this type of resource is unknown",
    ].join("\n"),
  );
  expect(error.cure).toBe(
    "give Terraform a local mirror of the providers (docs/stacks.md), or use only: consul_keys, consul_config_entry, consul_node, consul_service, nomad_job",
  );
});

test("dependencies come first", () => {
  const service = { name: "web", node: "d2", depends_on: ["consul_node.d2"] };
  const json = {
    resource: { consul_service: { web: service }, consul_node: { d2: { name: "d2", address: "10.0.0.1" } } },
  };
  expect(literalResources("platform", json).map(({ address }) => address)).toEqual([
    "consul_node.d2",
    "consul_service.web",
  ]);
});

test("what a thing is in the cluster decides whether it is the same one, not its name in the program", () => {
  const objects = literalResources("all", {
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
  }).flatMap(clusterObjects);
  expect(objects.map(identity)).toEqual([
    "key:a/b",
    "key:c",
    "config-entry:service-defaults/web",
    "service:d2/web-80",
    "job:team/hello",
  ]);
});

test("a job in HCL is refused", () => {
  const [resource] = literalResources("workloads", { resource: { nomad_job: { web: { jobspec: 'job "web" {}' } } } });
  expect(() => clusterObjects(resource!)).toThrow(
    "nomad_job.web: a job in HCL can be read by Terraform's provider only",
  );
});

test("a job's name, with or without the root that the API's JSON may have", () => {
  expect(parseJob('{"Job":{"ID":"a"}}')).toEqual({ id: "a", namespace: "default" });
  expect(parseJob('{"ID":"a","Namespace":"team"}')).toEqual({ id: "a", namespace: "team" });
});
