import { App } from "cdktf";
import { Gateway, NomadServer, PlatformStack, WebJob, WorkloadsStack } from "vipstack";

/** The job hello-world, and the gateway in front of it. */
export class ChainWorkloads extends WorkloadsStack {
  readonly hello: WebJob;
  readonly gateway: Gateway;

  constructor(app: App, props: { readonly nomad: NomadServer; readonly platform: PlatformStack }) {
    super(app, "workloads", { nomad: props.nomad, after: [props.platform] });
    this.hello = new WebJob(this, "hello-world", {
      count: 2,
      meta: { foo: "bar" },
      docker: {
        image: "busybox:1",
        init: true,
        command: "httpd",
        args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"],
      },
      ports: { www: { to: 8001 } },
      templates: [
        {
          destination: "local/index.html",
          data: [
            "<h1>Hello, Nomad!</h1>",
            "<ul>",
            '  <li>Task: {{ env "NOMAD_TASK_NAME" }}</li>',
            '  <li>Group: {{ env "NOMAD_GROUP_NAME" }}</li>',
            '  <li>Job: {{ env "NOMAD_JOB_NAME" }}</li>',
            '  <li>Metadata value for foo: {{ env "NOMAD_META_foo" }}</li>',
            '  <li>Currently running on port: {{ env "NOMAD_PORT_www" }}</li>',
            "</ul>",
            "",
          ].join("\n"),
        },
      ],
      resources: { cpu: 50, memoryMiB: 64 },
    });
    this.gateway = new Gateway(this, "gateway", { nomad: props.nomad });
  }
}
