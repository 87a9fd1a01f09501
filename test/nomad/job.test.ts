import { WebJob } from "../../constructs/nomad";
import { helloWorld } from "./support/hello-world";
import { workload } from "./support/workload";
test("x", () => {
  const { result } = workload(helloWorld);
  console.log(
    result.file("jobs/hello-world.nomad.hcl"),
    result.file("jobs/hello-world.json"),
    JSON.stringify(result.json, null, 1),
    result.file("jobs/hello-world.convergence.txt"),
  );
  const w = workload(
    (stack) =>
      new WebJob(stack, "hello-world", {
        count: 2,
        docker: { image: "busybox:1", command: "httpd", args: ["-p", "${NOMAD_PORT_www}"] },
        ports: { www: { to: 8001 } },
        files: { "index.html": "<h1>Hello, Nomad!</h1>" },
      }),
  );
  console.log(
    w.result.file("jobs/hello-world.nomad.hcl"),
    w.result.file("jobs/hello-world.convergence.txt"),
    JSON.stringify(w.stack.node.findAll().flatMap((c) => c.node.metadata.map((m) => m.data))),
  );
});
