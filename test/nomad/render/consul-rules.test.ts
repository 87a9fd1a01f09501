import { ApiJob } from "../../../constructs/nomad";
import { jobRules } from "../../../constructs/nomad/render/consul-rules";

function withTemplate(EmbeddedTmpl: string, delimiters: { LeftDelim?: string; RightDelim?: string } = {}): ApiJob {
  const Templates = [{ DestPath: "local/page", EmbeddedTmpl, ...delimiters }];
  const Tasks = [{ Name: "server", Driver: "exec", Config: {}, Templates }];
  return { ID: "shop", Name: "shop", Type: "service", Datacenters: ["*"], TaskGroups: [{ Name: "web", Tasks }] };
}

test.each([
  ['{{ key "shop/title" }}', ['key "shop/title"']],
  ['{{ keyOrDefault "shop/title" "none" }}', ['key "shop/title"']],
  ['{{ if keyExists "shop/title" }}x{{ end }}', ['key "shop/title"']],
  ['{{ range ls "shop" }}{{ .Key }}{{ end }}', ['key_prefix "shop"']],
  ['{{- with tree "shop/" -}}{{ end }}', ['key_prefix "shop/"']],
  ['{{ range service "green.database@dc2|passing" }}{{ .Address }}{{ end }}', ['service "database"']],
  ["{{ range services }}{{ .Name }}{{ end }}", ['service_prefix ""']],
  ['{{ key (printf "shop/%s" (env "NAME")) }}', ['key_prefix ""']],
  ["{{ $name := env `NAME` }}{{ service $name }}", ['service_prefix ""']],
  ['<a key="x">{{ env "NOMAD_PORT_www" }} {{ .key }} {{ "key" }}', []],
])("%s", (text, reads) => {
  expect(jobRules(withTemplate(text))).toEqual(reads.map((on) => ({ on, policy: "read" })));
});

test("delimiters of its own", () => {
  const delimiters = { LeftDelim: "[[", RightDelim: "]]" };
  expect(jobRules(withTemplate('[[ key "a" ]] {{ key "b" }}', delimiters))).toEqual([
    { on: 'key "a"', policy: "read" },
  ]);
});

test("services of groups and tasks are written, those of Nomad's own catalog are not", () => {
  const { TaskGroups, ...job } = withTemplate("");
  const [group] = TaskGroups;
  const Services = ["shop", "shop-${node.class}"].map((Name) => ({ Name, PortLabel: "www", Provider: "consul" }));
  const [task] = group?.Tasks ?? [];
  const own = {
    ...task!,
    Services: [
      { Name: "inner", PortLabel: "www", Provider: "nomad" },
      { Name: "outer", PortLabel: "www", Provider: "consul" },
    ],
  };
  const rules = jobRules({ ...job, TaskGroups: [{ ...group!, Services, Tasks: [own] }] });
  expect(rules).toEqual(
    ['service "shop"', 'service_prefix "shop-"', 'service "outer"'].map((on) => ({ on, policy: "write" })),
  );
});
