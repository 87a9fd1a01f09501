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
  /** Whether the pages are wanted, too. */
  readonly pages: boolean;
}

export interface ClientRequest {
  /** When it began: seconds since the mark. */
  readonly at: number;
  /** For how long it took. */
  readonly seconds: number;
  /** Empty where it is lost, or pages are not wanted. */
  readonly page: string;
  /** Why it is lost; empty where it was answered. */
  readonly problem: string;
}

/** All requests, in the order in which they began. */
export interface ClientRequests {
  /** Each on a connection of its own. */
  readonly own: readonly ClientRequest[];
  /** On connections that stayed open: one with a problem is a connection that broke. */
  readonly kept: readonly ClientRequest[];
}

/** The client's machine of a lab, which asks an address while something is done to the others. */
export class Client {
  static async open(labDirectory: string): Promise<Client> {
    return new Client(await GuestProgram.start(labDirectory, "client", "client.py"));
  }

  private constructor(private readonly program: GuestProgram) {}

  /** Ends when the connections that stay open are there. */
  async start(plan: ClientPlan): Promise<void> {
    await this.program.ask(`start ${JSON.stringify(plan)}`);
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
