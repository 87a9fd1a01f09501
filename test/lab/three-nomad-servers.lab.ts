import { describeWithPrograms } from "../support/programs";
import { LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES, secondsUntil } from "./support/waiting";

// Nomad servers that agree, and jobs that outlive the one that leads them.

const cluster = LabDeployment.ofProgram("three-nomad-servers");

describeWithPrograms("three Nomad servers", ["nomad"], () => {
  beforeAll(async () => {
    await cluster.up({ VIPSTACK_NOMAD_PORT: "18647" });
  }, BOOT);
  afterAll(async () => {
    await cluster.down();
  }, BOOT);

  /** Asks the client's own agent, which knows all servers. */
  async function nomad<Answer>(path: string): Promise<Answer> {
    return JSON.parse(
      await cluster.on("web", `curl --silent --max-time 10 'http://127.0.0.1:4646/v1${path}'`),
    ) as Answer;
  }

  /** The name of the server that leads, by its address. */
  async function leader(): Promise<string> {
    const address = await nomad<string>("/status/leader");
    const name = { "192.168.139.24": "s1", "192.168.139.25": "s2", "192.168.139.26": "s3" }[
      address.split(":")[0] ?? ""
    ];
    if (name === undefined) throw new Error(`no server leads: ${address}`);
    return name;
  }

  async function voters(): Promise<number> {
    const { Servers } = await nomad<{ Servers: { Voter: boolean }[] }>("/operator/raft/configuration");
    return Servers.filter(({ Voter }) => Voter).length;
  }

  /** Where the healthy instances are, in Consul's word. */
  async function instances(): Promise<string[]> {
    const url = "http://127.0.0.1:8500/v1/health/service/hello-servers?passing";
    const found = JSON.parse(await cluster.on("web", `curl --silent '${url}'`)) as Instance[];
    return found.map(({ Service: { Address, Port } }) => `http://${Address}:${Port}/`);
  }

  /** What each healthy instance answers. */
  async function pages(): Promise<string[]> {
    return Promise.all((await instances()).map(async (url) => cluster.on("web", `curl --silent ${url}`)));
  }

  test("all of them vote, and one leads", async () => {
    expect(await voters()).toBe(3);
    expect(["s1", "s2", "s3"]).toContain(await leader());
    expect(await pages()).toEqual(["Hello!"]);
  });

  test(
    "the leader without power: another one leads, the job serves on and can be scaled; with its power it votes again",
    async () => {
      const first = await leader();
      const [page = ""] = await instances();
      await cluster.lab("power-cut", first);
      const took = await secondsUntil(async () => {
        expect(await leader()).not.toBe(first);
      });
      console.log(`another leader was known after ${took} s`);
      // Asked directly: Consul may still be without a leader.
      expect(await cluster.on("web", `curl --silent ${page}`)).toBe("Hello!");
      // The client's agent hands a request to one of its servers, and takes the one without power for alive a while.
      await eventually(async () => {
        await cluster.on("web", "nomad job scale -detach hello servers 2 > /dev/null");
      }, 2 * MINUTES);
      await eventually(async () => {
        expect(await pages()).toEqual(["Hello!", "Hello!"]);
      }, 3 * MINUTES);

      await cluster.lab("power-on", first);
      await eventually(async () => {
        const { Servers } = await nomad<{ Servers: { Name: string; Healthy: boolean }[] }>(
          "/operator/autopilot/health",
        );
        expect(Servers.map(({ Healthy }) => Healthy)).toEqual([true, true, true]);
        expect(await pages()).toEqual(["Hello!", "Hello!"]);
      }, 5 * MINUTES);
    },
    2 * BOOT,
  );
});

interface Instance {
  readonly Service: { readonly Address: string; readonly Port: number };
}
