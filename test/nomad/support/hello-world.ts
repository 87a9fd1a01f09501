import { TerraformStack } from "cdktf";
import { Job, JobProps } from "../../../constructs/nomad";

/** The page of S3, as `hello-world.nomad.hcl` has it. */
export const PAGE = `<h1>Hello, Nomad!</h1>
<ul>
  <li>Task: {{env "NOMAD_TASK_NAME"}}</li>
  <li>Group: {{env "NOMAD_GROUP_NAME"}}</li>
  <li>Job: {{env "NOMAD_JOB_NAME"}}</li>
  <li>Metadata value for foo: {{env "NOMAD_META_foo"}}</li>
  <li>Currently running on port: {{env "NOMAD_PORT_www"}}</li>
</ul>
`;

/** S3's job to the letter, in TypeScript. */
export const HELLO_WORLD: JobProps = {
  datacenters: ["*"],
  meta: { foo: "bar" },
  groups: {
    servers: {
      count: 1,
      ports: { www: { to: 8001 } },
      services: [{ provider: "consul", port: "www", addressMode: "host" }],
      tasks: {
        web: {
          docker: {
            image: "busybox:1",
            command: "httpd",
            args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"],
          },
          templates: [{ destination: "local/index.html", data: PAGE }],
          resources: { cpu: 50, memoryMiB: 64 },
        },
      },
    },
  },
};

export function helloWorld(stack: TerraformStack): Job {
  return new Job(stack, "hello-world", HELLO_WORLD);
}
