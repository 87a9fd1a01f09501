/** An allocation of a job, as Nomad's API has it. */
export interface Allocation {
  readonly ID: string;
  readonly ClientStatus: string;
  readonly DesiredStatus: string;
  readonly NodeName: string;
}

/** The API of a lab's Nomad. */
export class Nomad {
  /** @param port of this host, which leads to it */
  constructor(private readonly port: string) {}

  /** What it answers. @param path below `/v1` */
  async get<Answer>(path: string): Promise<Answer> {
    return (await (await fetch(`http://127.0.0.1:${this.port}/v1${path}`)).json()) as Answer;
  }

  /** The allocations of a job that run, and are meant to. */
  async running(job: string): Promise<Allocation[]> {
    const all = await this.get<Allocation[]>(`/job/${job}/allocations`);
    return all.filter(({ ClientStatus, DesiredStatus }) => ClientStatus === "running" && DesiredStatus === "run");
  }
}
