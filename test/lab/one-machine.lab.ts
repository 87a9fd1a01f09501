import { describeWithPrograms } from "../support/programs";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Both agents in their dev profiles on one machine, jobs of two drivers on host ports, and what is left of a job that leaves.

const nomadPort = "18649";
const box = LabDeployment.ofProgram("one-machine");
const up = (drivers = ""): Promise<string> => box.up({ VIPSTACK_NOMAD_PORT: nomadPort, DRIVERS: drivers });

describeWithPrograms("both agents on one machine", ["nomad"], () => {
  beforeAll(async () => {
    await up();
  }, BOOT);
  afterAll(async () => {
    await box.down();
  }, BOOT);

  async function consul<Answer>(path: string): Promise<Answer> {
    return JSON.parse(await box.on("box", `curl --silent 'http://127.0.0.1:8500/v1${path}'`)) as Answer;
  }

  /** The page of a service, asked at the address and port that Consul names. */
  async function pageOf(service: string): Promise<string> {
    const [instance] = await consul<Instance[]>(`/health/service/${service}?passing`);
    if (instance === undefined) throw new Error(`no healthy instance of ${service}`);
    const { Address, Port } = instance.Service;
    return box.on("box", `curl --silent --show-error http://${Address}:${Port}/`);
  }

  test("Consul lists the agents and the job, at the machine's address and a port that Nomad chose", async () => {
    const services = Object.entries(await consul<Record<string, string[]>>("/catalog/services"));
    expect(Object.fromEntries(services.map(([name, tags]) => [name, tags.sort()]))).toEqual({
      consul: [],
      nomad: ["http", "rpc", "serf"],
      "nomad-client": ["http"],
      "hello-world-servers": [],
    });
    const [instance] = await consul<Instance[]>("/health/service/hello-world-servers?passing");
    expect(instance?.Service.Address).toBe("192.168.139.24");
    expect(instance?.Service.Port).toBeGreaterThanOrEqual(20000);
    expect(instance?.Service.Port).toBeLessThanOrEqual(32000);
    for (const [port, answer] of [
      [8500, /"192\.168\.139\.24:8300"/],
      [4646, /"192\.168\.139\.24:4647"/],
    ] as const)
      expect(await box.on("box", `curl --silent http://192.168.139.24:${port}/v1/status/leader`)).toMatch(answer);
    expect(
      await box.on("box", "ss --listening --tcp --numeric --no-header '( sport = :8502 or sport = :8600 )'"),
    ).toMatch(/:8502[^]*:8600|:8600[^]*:8502/);
  });

  test("the job's page names task, group, job, foo and the port in the container", async () => {
    expect(await pageOf("hello-world-servers")).toBe("Hello, Nomad! web servers hello-world bar 8001");
  });

  test("its container does not compete with the agents one by one: containers have a share of the processor of their own", async () => {
    const slice = await box.on("box", 'cut -d / -f 2 "/proc/$(pgrep --oldest httpd)/cgroup"');
    expect(slice.trim()).toBe("containers.slice");
    expect((await box.on("box", "cat /sys/fs/cgroup/containers.slice/cpu.weight")).trim()).toBe("1000");
  });

  // exec wants the cpuset controller, which a kernel for user mode can't have (docs/lab.md).
  test(
    "raw_exec serves a file beside the Docker job",
    async () => {
      await up("rawExec");
      await eventually(async () => {
        expect(await pageOf("rawexec-servers")).toBe("served by rawExec");
      }, 2 * MINUTES);
    },
    BOOT,
  );

  test(
    "a job that ends by itself: the progress says why while Nomad tries again, and the error once more",
    async () => {
      const { exitCode, output } = await box.upFails({
        VIPSTACK_NOMAD_PORT: nomadPort,
        DRIVERS: "rawExec",
        BROKEN: "yes",
      });
      expect(exitCode).toBe(1);
      const why = "task 'web' of group 'servers' on box: Terminated: Exit Code: 3";
      expect(output).toMatch(new RegExp(`job broken: 0 of 1 in group servers healthy; ${why}`));
      expect(output.match(/job 'broken' failed/g)).toHaveLength(1);
    },
    BOOT,
  );

  test(
    "a job that leaves the program leaves no service, no process and no job",
    async () => {
      await up();
      await eventually(async () => {
        expect(Object.keys(await consul<object>("/catalog/services"))).not.toContain("rawexec-servers");
        expect((await box.tryOn("box", "pgrep --full http.server")).output).toBe("");
      }, 2 * MINUTES);
      expect(await (await fetch(`http://127.0.0.1:${nomadPort}/v1/jobs`)).json()).toMatchObject([
        { ID: "hello-world", Status: "running" },
      ]);
      expect(await box.on("box", "docker ps --quiet | wc --lines")).toBe("1");
      expect(await up()).toMatch(NOTHING_TO_CHANGE);
    },
    BOOT,
  );
});

interface Instance {
  readonly Service: { readonly Address: string; readonly Port: number };
}
