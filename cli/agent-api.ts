import { setTimeout as sleep } from "node:timers/promises";
import { Agent, fetch, Response } from "undici";
import { ProviderDescription, ProviderSecrets } from "../constructs/deployment";
import { CliError } from "./errors";
import { secretValue } from "./secrets/supply";

/** How long an agent may take to know a leader once its machine is up. */
export const LEADER_SECONDS = 60;

/** What agents answer while they choose a leader. Servers that have just started, or lost one, do so for some seconds. */
const LEADERLESS = /no cluster leader|not the leader|leadership lost|failed to get conn/i;

/**
 * The HTTP interface of a Consul or Nomad agent. A request that meets servers without a leader is repeated until they have one, for
 * {@link LEADER_SECONDS} at most.
 */
export class AgentApi {
  /**
   * The agent of a stack. Its token, where it needs one, is a generated secret of the deployment, or in the variable that the providers
   * read too.
   */
  static of(stack: AskedStack): AgentApi {
    const { provider, address, secrets } = stack;
    const token = secrets && secretValue(stack, secrets.token);
    const dispatcher = secrets && dispatcherOf(stack, secrets);
    return provider === "consul"
      ? new AgentApi("Consul", address, { "X-Consul-Token": token ?? process.env.CONSUL_HTTP_TOKEN }, dispatcher)
      : new AgentApi("Nomad", address, { "X-Nomad-Token": token ?? process.env.NOMAD_TOKEN }, dispatcher);
  }

  private readonly headers: Record<string, string>;

  private constructor(
    private readonly agent: string,
    private readonly address: string,
    headers: Record<string, string | undefined>,
    private readonly dispatcher?: Agent,
  ) {
    this.headers = Object.fromEntries(
      Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined),
    );
  }

  /** @returns undefined where it does not exist */
  async get<T>(path: string): Promise<T | undefined> {
    const response = await this.answer("GET", path);
    // Both agents answer `null` for some things that are not there.
    if (response.status === 404) return undefined;
    if (response.ok) return (await response.json()) as T | undefined;
    throw new CliError(
      `${this.agent} answers ${response.status} to GET ${path}: ${await reasonOf(response)}`,
      "see what its agent logs, then run this again",
    );
  }

  /** Text as it is; empty where there is none. */
  async text(path: string): Promise<string> {
    const response = await this.request("GET", path);
    return response.ok ? response.text() : "";
  }

  /** @param body text as it is, anything else as JSON */
  async send<T>(method: "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const response = await this.answer(method, path, text);
    if (response.ok) return parsed(await response.text()) as T;
    // It is removed already.
    if (method === "DELETE" && response.status === 404) return undefined as T;
    throw new CliError(
      `${this.agent} refuses ${method} ${path.split("?")[0] ?? ""}: ${await reasonOf(response)}`,
      "change the program, then run this again",
    );
  }

  /**
   * Waits until the agent knows a leader: before that it serves neither reads nor writes. The token of the deployment is made a moment later,
   * by the servers themselves.
   */
  async waitForLeader(seconds: number): Promise<void> {
    for (let waited = 0; ; waited++) {
      const response = await this.request("GET", "/v1/status/leader").catch(() => undefined);
      if (response?.ok === true && (await response.json()) !== "" && (await this.knowsToken())) return;
      if (waited >= seconds) break;
      await sleep(1000);
    }
    throw new CliError(
      `${this.agent} at ${this.address} has no leader${this.dispatcher === undefined ? "" : ", or does not know the deployment's token,"} after ${seconds} s`,
      "see whether its agents run (systemctl status on their machines), then run this again",
    );
  }

  private async knowsToken(): Promise<boolean> {
    if (this.dispatcher === undefined) return true;
    return (await this.request("GET", "/v1/acl/token/self")).ok;
  }

  private async answer(method: string, path: string, body?: string): Promise<Response> {
    for (let waited = 0; ; waited++) {
      const response = await this.request(method, path, body);
      const leaderless = response.status === 500 && LEADERLESS.test(await response.clone().text());
      if (!leaderless || waited >= LEADER_SECONDS) return response;
      await sleep(1000);
    }
  }

  private async request(method: string, path: string, body?: string): Promise<Response> {
    try {
      return await fetch(`${this.address}${path}`, {
        method,
        headers: this.headers,
        body,
        dispatcher: this.dispatcher,
      });
    } catch (error) {
      const { cause, message } = error as Error;
      throw new CliError(
        `${this.agent} does not answer at ${this.address}: ${cause instanceof Error ? cause.message : message}`,
        "see whether its agent runs and whether this host reaches it, then run this again",
      );
    }
  }
}

type AskedStack = Pick<ProviderDescription, "provider" | "address" | "stateFolder" | "secrets">;

/** Connections that trust the deployment's own authority alone, and show the agent a certificate. */
function dispatcherOf(stack: AskedStack, { authority, certificate }: ProviderSecrets): Agent {
  const pair = secretValue(stack, certificate);
  return new Agent({ connect: { ca: secretValue(stack, authority), cert: pair, key: pair } });
}

async function reasonOf(response: Response): Promise<string> {
  return (await response.text()).trim() || response.statusText;
}

/** Some requests are answered with nothing. */
function parsed(text: string): unknown {
  return text === "" ? undefined : JSON.parse(text);
}
