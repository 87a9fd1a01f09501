import { TerraformStack } from "cdktf";
import { Job, JobRefusal, provideCluster, WebJob, WebJobProps } from "../../constructs/nomad";
import { job, server, web } from "./support/small-jobs";
import { refusalOf, workload } from "./support/workload";

interface Refused {
  readonly refusal: JobRefusal;
  readonly build: (stack: TerraformStack, acknowledge?: JobRefusal[]) => unknown;
  readonly message: string;
}

const nomad = { clients: ["web1", "web2"], dynamicPorts: { min: 20000, max: 32000 } };

const refused: Refused[] = [
  {
    refusal: JobRefusal.SHUTDOWN_DELAY_BELOW_LAG,
    build: (stack, acknowledge) => web({ shutdownDelay: "2s", acknowledge })(stack),
    message:
      "test/shop: 'shutdownDelay' must be at least the 9.5s that a director needs to notice it, or requests go to an instance that is gone, got \"2s\": use '10s' or more; to build it nevertheless, acknowledge: [JobRefusal.SHUTDOWN_DELAY_BELOW_LAG]",
  },
  {
    refusal: JobRefusal.KILL_TIMEOUT_ABOVE_CLIENT_MAXIMUM,
    build: (stack, acknowledge) => web({ killTimeout: "1m", acknowledge })(stack),
    message:
      "test/shop: 'killTimeout' must be at most 30s, a client's default max_kill_timeout, or the task is killed before, got \"1m\": use '30s', or raise max_kill_timeout on every client; to build it nevertheless, acknowledge: [JobRefusal.KILL_TIMEOUT_ABOVE_CLIENT_MAXIMUM]",
  },
  {
    refusal: JobRefusal.STATIC_PORT_IN_DYNAMIC_RANGE,
    build: (stack, acknowledge) => web({ ports: { www: { static: 23747 } }, acknowledge })(stack),
    message:
      "test/shop: 'ports.www.static' can't lie in the dynamic range 20000 to 32000, where Nomad may give it to another job first, got 23747: choose a port outside, or leave 'static' out; to build it nevertheless, acknowledge: [JobRefusal.STATIC_PORT_IN_DYNAMIC_RANGE]",
  },
  {
    refusal: JobRefusal.STATIC_PORT_TAKEN,
    build: (stack, acknowledge) => web({ count: 3, nomad, ports: { www: { static: 8080 } }, acknowledge })(stack),
    message:
      "[test/shop] 'ports.www.static' can be given once a client, and 3 instances are more than the 2 clients, got 8080: lower 'count', add clients, or leave 'static' out; to build it nevertheless, acknowledge: [JobRefusal.STATIC_PORT_TAKEN]",
  },
  {
    refusal: JobRefusal.STATIC_PORT_WITH_CANARY,
    build: (stack, acknowledge) =>
      web({ count: 2, nomad, ports: { www: { static: 8080 } }, update: { canary: 1 }, acknowledge })(stack),
    message:
      "[test/shop] 'update.canary' must find a client whose port 8080 is free, and 2 of the 2 clients have it taken, got 1: use canary: 0, or leave 'static' out of the port; to build it nevertheless, acknowledge: [JobRefusal.STATIC_PORT_WITH_CANARY]",
  },
  {
    refusal: JobRefusal.SERVICE_NAME_TAKEN,
    build: (stack, acknowledge) => {
      new Job(stack, "other", {
        groups: { g: { ports: { p: {} }, services: [{ name: "shop-servers" }], tasks: { server } } },
        acknowledge,
      });
      return web({ acknowledge })(stack);
    },
    message:
      "[test/shop] 'service.name' can't be the name of a service of test/other, too, because instances with one name are treated as interchangeable, got \"shop-servers\": give one of them another name; to build it nevertheless, acknowledge: [JobRefusal.SERVICE_NAME_TAKEN]",
  },
];

test("every refusal has a case here", () => {
  expect(refused.map(({ refusal }) => refusal).sort()).toEqual(Object.values(JobRefusal).sort());
});

test.each(refused)("fails when $refusal, with the cure", ({ build, message }) => {
  expect(refusalOf((stack) => build(stack))).toContain(message);
});

test.each(refused)("$refusal can be acknowledged: it is built, and said as a warning", ({ build, refusal }) => {
  const { stack } = workload((made) => build(made, [refusal]));
  const warnings = stack.node
    .findAll()
    .flatMap(({ node }) => node.metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => String(data)));
  expect(warnings.length).toBeGreaterThan(0);
  for (const warning of warnings) expect(warning).toContain(`acknowledged ${refusal}: `);
});

test("two jobs can't have one static port where both may run on one client", () => {
  const both =
    (ports: [number, number], rest: [Partial<WebJobProps>, Partial<WebJobProps>] = [{}, {}]) =>
    (stack: TerraformStack): void => {
      for (const index of [0, 1] as const) {
        const docker = { image: "nginx" };
        new WebJob(stack, `job-${index}`, { docker, ports: { www: { static: ports[index] } }, ...rest[index] });
      }
    };
  const rack = (value: string): Partial<WebJobProps> => ({ constraints: [{ attribute: "${meta.rack}", value }] });
  expect(refusalOf(both([80, 80]))).toContain(
    "[test/job-0] 'ports.www.static' can't be that of group 'servers' of test/job-1, too, because both may run on one client, got 80: choose another port, leave 'static' out, or keep them apart by 'constraints' on one attribute; to build it nevertheless, acknowledge: [JobRefusal.STATIC_PORT_TAKEN]",
  );
  expect(refusalOf(both([80, 81]))).toBeUndefined();
  expect(refusalOf(both([80, 80], [rack("a"), rack("b")]))).toBeUndefined();
  expect(refusalOf(both([80, 80], [{ nodePool: "front" }, {}]))).toBeUndefined();
  expect(refusalOf(both([80, 80], [{ nomad }, { nomad }]))).toBeUndefined();
});

test("two jobs of one name would replace each other", () => {
  const twins = (stack: TerraformStack): void => {
    for (const id of ["a", "b"]) new Job(stack, id, { name: "shop", groups: { web: { tasks: { server } } } });
  };
  expect(refusalOf(twins)).toContain(
    "[test/a] 'name' can't be that of test/b, too: the two jobs would replace each other, got \"shop\": give one of them another name",
  );
});

test("the cluster of a stack's jobs is said once: its ports and clients count", () => {
  expect(
    refusalOf((stack) => {
      provideCluster(stack, { clients: ["web1"], dynamicPorts: { min: 50000, max: 60000 } });
      web({ ports: { www: { static: 23747 } } })(stack);
      new Job(stack, "other", { groups: { g: { ports: { p: { static: 50001 } }, tasks: { server } } } });
    }),
  ).toContain("can't lie in the dynamic range 50000 to 60000");
});

test("a followed service needs a shutdown delay; a job that is not followed does not", () => {
  const plain = job({ ports: { www: {} }, services: [{}] });
  expect(refusalOf(plain)).toBeUndefined();
  expect(refusalOf((stack) => plain(stack).service("www"))).toContain("[test/shop] 'groups.web.shutdownDelay' must be");
});
