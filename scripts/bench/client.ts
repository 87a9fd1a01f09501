import { GuestProgram } from "./guest-program";

/** What a client asks, and how often. */
export interface ClientPlan {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Seconds between two requests that have a connection of their own. */
  readonly interval: number;
  /** Connections that stay open, beside these. */
  readonly kept: number;
  /** Seconds after which a request is lost. */
  readonly patience: number;
}

/**
 * A request: when it began, in seconds since the mark, for how many seconds it took, the begin of the page, and what went wrong,
 * which is empty where there is a page.
 */
export type Asked = readonly [at: number, seconds: number, page: string, problem: string];

/** All requests, in the order of their begin. */
export interface ClientRequests {
  /** Each on a connection of its own. */
  readonly new: readonly Asked[];
  /** On connections that stayed open: one with a problem is a connection that broke. */
  readonly kept: readonly Asked[];
}

/** The client's machine of a lab, which asks an address while something is done to the others. */
export class Client {
  static async open(labDirectory: string): Promise<Client> {
    return new Client(await GuestProgram.start(labDirectory, "client", "client.py"));
  }

  private constructor(private readonly program: GuestProgram) {}

  start(plan: ClientPlan): void {
    this.program.tell(`start ${JSON.stringify(plan)}`);
  }

  /** Times are counted from now on, instead of from the start. */
  mark(): void {
    this.program.tell("mark");
  }

  /** @returns what answered in the last second: the first word of each page */
  async seen(): Promise<string[]> {
    return JSON.parse(await this.program.ask("seen")) as string[];
  }

  async stop(): Promise<ClientRequests> {
    return JSON.parse(await this.program.ask("stop")) as ClientRequests;
  }

  async close(): Promise<void> {
    await this.program.close();
  }
}
