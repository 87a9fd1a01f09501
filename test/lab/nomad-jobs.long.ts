import { readBudgets } from "../../scripts/bench/convergence-budget";
import { describeWithPrograms } from "../support/programs";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { realServersOf } from "./support/director";
import { lossOf, RequestsResult } from "./support/load";
import { runsOf } from "./support/long";
import { Allocation, Nomad } from "./support/nomad";
import { BOOT, eventually, MINUTES, secondsSince, secondsUntil } from "./support/waiting";

// Client → virtual address → job on host ports: what Nomad, Consul and a director that follows them decide together. One lab, on
// which one job lives through everything that happens to jobs; the machines are those of main.ts.

const nomadPort = "18646";
const ports = { VIPSTACK_VIP_PORT: "18680", VIPSTACK_CONSUL_PORT: "18651", VIPSTACK_NOMAD_PORT: nomadPort };
const scene = LabDeployment.ofProgram("chain");
const nomad = new Nomad(nomadPort);

describeWithPrograms("jobs behind a director", ["nomad"], () => {
  beforeAll(async () => {
    console.log(timesOf(await scene.up(ports)));
    await untilServed(2);
  }, BOOT);
  afterAll(async () => {
    await scene.down();
  }, BOOT);

  const up = (knobs: Record<string, string> = {}): Promise<string> => scene.up({ ...ports, ...knobs });
  const load = (clients = 6) => scene.startRequests("vm-1", { address: "192.168.139.29", port: 8080, clients });

  async function running(): Promise<Allocation[]> {
    return nomad.running("hello-world");
  }

  /** Waits until that many real servers get new connections. @returns the seconds that it took */
  async function untilServed(count: number): Promise<number> {
    return secondsUntil(async () => {
      expect(await realServers()).toHaveLength(count);
    });
  }

  async function realServers(): Promise<string[]> {
    return realServersOf(scene, "ipvs", 8080);
  }

  /** Two instances on two clients, as after a new start: Nomad itself leaves them where they are. */
  async function spreadAgain(): Promise<void> {
    const clients = async (): Promise<number> => new Set((await running()).map(({ NodeName }) => NodeName)).size;
    if ((await clients()) < 2)
      await scene.on("server", "nomad job restart -yes -reschedule -on-error=fail hello-world > /dev/null");
    expect(await clients()).toBe(2);
    await untilServed(2);
  }

  /** What the job's convergence.txt says at worst, in seconds. */
  function budgets(): { start: number; leave: number; failure: number } {
    const { scaleOut, scaleIn, failure } = readBudgets(scene.file("../workloads/jobs/hello-world.convergence.txt"));
    return { start: scaleOut.worst, leave: scaleIn.worst, failure: failure.worst };
  }

  /** Does something under load, until at least `least` requests were sent. @returns what was lost */
  async function underLoad(what: string, least: number, action: () => Promise<void>): Promise<RequestsResult> {
    const requests = await load();
    const started = Date.now();
    await action();
    // Some 15 to 100 requests a second, as busy as the host is.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, least * 20 - (Date.now() - started))));
    const result = await requests.finish();
    console.log(`${what}: ${lossOf(result)}`);
    return result;
  }

  test(
    "both instances answer, on ports that Nomad chose; the report shows them",
    async () => {
      const output = await up();
      expect(output).toMatch(NOTHING_TO_CHANGE);
      const servers = await realServers();
      expect(servers).toHaveLength(2);
      for (const server of servers) {
        expect(server).toMatch(/^192\.168\.139\.3[12]:(2\d|3[01])\d{3}$/);
        expect(output).toContain(`www ${server.split(":")[1] ?? ""}`);
      }
      expect(output).toMatch(/hello-world │ 0 +│ web1 .*passing[^]*web2 .*passing/);
      const page = await scene.on("vm-1", "curl --silent http://192.168.139.29:8080/");
      expect(page).toMatch(/^Hello, Nomad! [01]$/);
    },
    BOOT,
  );

  test.each(runsOf(3))(
    "from two instances to four, to one, to two (run %i): no request is lost",
    async () => {
      const result = await underLoad("2 → 4 → 1 → 2", 2000, async () => {
        for (const count of [4, 1, 2]) {
          await up({ COUNT: String(count) });
          await untilServed(count);
        }
      });
      expect(result.failures).toEqual([]);
    },
    2 * BOOT,
  );

  test.each(runsOf(3))(
    "a new version takes over by a canary (run %i): no request is lost",
    async (run) => {
      const result = await underLoad("rolling update", 2000, async () => {
        await up({ PAGE: `Version ${run}` });
        await eventually(async () => {
          expect(await scene.on("vm-1", "curl --silent http://192.168.139.29:8080/")).toMatch(`Version ${run}`);
        });
      });
      expect(result.failures).toEqual([]);
      expect(Object.keys(result.answers).some((answer) => answer.startsWith(`Version ${run}`))).toBe(true);
    },
    2 * BOOT,
  );

  test.each(runsOf(3))(
    "a broken version is taken back (run %i): no request is lost, one message that says which version serves on",
    async (run) => {
      await up({ PAGE: `Good ${run}` });
      const { Version: good } = await nomad.get<{ Version: number }>("/job/hello-world");
      let failed = { exitCode: 0, output: "" };
      const result = await underLoad("broken update", 2000, async () => {
        failed = await scene.upFails({ ...ports, PAGE: `Good ${run}`, COMMAND: "no-such-applet" });
      });
      expect(failed.exitCode).toBe(1);
      expect(failed.output.match(/job 'hello-world' failed/g)).toHaveLength(1);
      expect(failed.output).toContain(`version ${good}`);
      expect(result.failures).toEqual([]);
      expect(await scene.on("vm-1", "curl --silent http://192.168.139.29:8080/")).toMatch(`Good ${run}`);
    },
    3 * BOOT,
  );

  test(
    "a job that asks for too much: the progress says so at once, the version before serves on, and it ends by itself",
    async () => {
      const { exitCode, output } = await scene.upFails({ ...ports, MEMORY: "9000" });
      expect(exitCode).toBe(1);
      const place = "group 'servers' found no place: 2 clients looked at, 2 without enough memory";
      expect(output).toMatch(new RegExp(`job hello-world: 0 of 2 in group servers healthy; ${place}`));
      expect(output).toMatch(
        new RegExp(`job 'hello-world' failed: Deployment marked as failed.*\n  ${place}\n  version \\d+ serves on: 2 `),
      );
      await up();
    },
    2 * BOOT,
  );

  test.each(runsOf(3))(
    "a client is drained and back (run %i): no request is lost",
    async () => {
      await up();
      await untilServed(2);
      const result = await underLoad("drain of web1", 2000, async () => {
        await scene.on(
          "server",
          "nomad node drain -enable -yes -deadline 5m $(nomad node status -quiet | head -1) >/dev/null",
        );
        await eventually(async () => {
          expect(new Set((await running()).map(({ NodeName }) => NodeName)).size).toBe(1);
        }, 4 * MINUTES);
        await untilServed(2);
        await scene.on(
          "server",
          "for node in $(nomad node status -quiet); do nomad node drain -disable -yes $node; nomad node eligibility -enable $node; done >/dev/null",
        );
      });
      expect(result.failures).toEqual([]);
    },
    2 * BOOT,
  );

  test(
    "two jobs on one static port of one client: refused at synth; acknowledged, Nomad's own word is shown",
    async () => {
      const refused = await scene.upFails({ ...ports, STATIC: "first second" });
      expect(refused.output).toMatch(/8090/);
      const failed = await scene.upFails({ ...ports, STATIC: "first second", ACKNOWLEDGE: "yes" });
      expect(failed.output).toMatch(/found no place: .*reserved port collision www=8090/);
      await up();
      expect(await nomad.get<object[]>("/jobs")).toHaveLength(1);
    },
    2 * BOOT,
  );

  test(
    "what a job's convergence.txt promises: an instance that starts, that leaves, that hangs",
    async () => {
      await up();
      await untilServed(2);
      const registered = async (count: number): Promise<number> =>
        secondsUntil(async () => {
          const url = "http://127.0.0.1:8500/v1/catalog/service/hello-world-servers";
          expect(JSON.parse(await scene.on("server", `curl --silent '${url}'`))).toHaveLength(count);
        });
      // Nomad takes it once the deployment before has ended.
      const scale = (count: number): Promise<void> =>
        eventually(async () => {
          await scene.on("server", `nomad job scale -detach hello-world servers ${count} > /dev/null`);
        }, 2 * MINUTES);

      await scale(3);
      await registered(3);
      const out = await untilServed(3);
      await scale(2);
      await registered(2);
      const left = await untilServed(2);
      const [{ ID: id, NodeName: machine } = { ID: "", NodeName: "" }] = await running();
      const container = `$(docker ps --quiet --filter name=web-${id})`;
      await scene.on(machine, `docker pause ${container} > /dev/null`);
      const hung = await untilServed(1);
      await scene.on(machine, `docker unpause ${container} > /dev/null`);
      await untilServed(2);

      const budget = budgets();
      console.log(
        `start ${out} s (at worst ${budget.start} s), leave ${left} s (${budget.leave} s), hang ${hung} s (${budget.failure} s)`,
      );
      expect(out).toBeLessThan(budget.start);
      expect(left).toBeLessThan(budget.leave);
      expect(hung).toBeLessThan(budget.failure);
    },
    2 * BOOT,
  );

  test.each(runsOf(3))(
    "a client without power (run %i): the last lost request begins within the budget, and Nomad starts a replacement",
    async () => {
      await up();
      await spreadAgain();
      // More would take the whole processor of the client that is left, which then starts a replacement ten times slower.
      const requests = await load(2);
      // The load's clock started before its first answers, which makes what it says later than it was.
      const ready = Date.now();
      await scene.lab("power-cut", "web2");
      const cut = (Date.now() - ready) / 1000;
      const out = await untilServed(1);
      const replaced = await untilServed(2);
      const result = await requests.finish();
      const last = Math.max(0, ...result.failures.map(({ at }) => at - cut));
      console.log(
        `power cut of a client: out of the table after ${out} s, replaced ${replaced} s later; ${lossOf(result)}, ` +
          `the last lost one began ${last.toFixed(1)} s after the cut (at worst ${budgets().failure} s)`,
      );
      expect(last).toBeLessThan(budgets().failure);
      await scene.lab("power-on", "web2");
      await eventually(async () => {
        expect((await nomad.get<Node[]>("/nodes")).map(({ Status }) => Status)).toEqual(["ready", "ready"]);
      }, 4 * MINUTES);
    },
    3 * BOOT,
  );

  test(
    "the whole lab without power: back without a hand",
    async () => {
      const machines = ["server", "ipvs", "web1", "web2"];
      for (const machine of machines) await scene.lab("power-cut", machine);
      const started = Date.now();
      await Promise.all(machines.map((machine) => scene.lab("power-on", machine)));
      await eventually(async () => {
        expect(await scene.on("vm-1", "curl --silent --max-time 5 http://192.168.139.29:8080/")).toMatch(
          /^Hello, Nomad! /,
        );
      }, 6 * MINUTES);
      console.log(`the whole lab without power: answers after ${secondsSince(started)} s`);
      await untilServed(2);
    },
    2 * BOOT,
  );
});

/** The lines of `up` that end a task, with their seconds. */
function timesOf(output: string): string {
  return output
    .split("\n")
    .filter((line) => /Up after|ready/.test(line))
    .join("\n");
}

interface Node {
  readonly Status: string;
}
