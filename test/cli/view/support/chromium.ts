import { ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function chromiumFile(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/** Tests in a browser; skipped, and reported as such, where there is none. */
export function describeWithChromium(what: string, tests: () => void): void {
  const there = chromiumFile() !== undefined;
  if (!there) process.stderr.write(`SKIPPED: ${what} (none of ${NAMES.join(", ")} is on the PATH)\n`);
  (there ? describe : describe.skip)(what, tests);
}

/** How a page is shown. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly colours: "light" | "dark";
}

/**
 * A headless Chromium, driven by its DevTools protocol over a pipe.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 */
export class Chromium {
  private readonly profile = mkdtempSync(join(tmpdir(), "vipstack-chromium-"));
  private readonly process: ChildProcess;
  private readonly waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  private readonly errors: string[] = [];
  private count = 0;
  private session = "";
  private screen = { width: 0, height: 0 };

  constructor() {
    const switches = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    this.process = spawn(
      chromiumFile() ?? "",
      [...switches, "--hide-scrollbars", "--remote-debugging-pipe", `--user-data-dir=${this.profile}`, "about:blank"],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true },
    );
    let rest = "";
    (this.process.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.hear(JSON.parse(message) as Message);
    });
  }

  /** Opens an address in a new tab; what follows is about that tab. */
  async open(address: string, { width, height, colours }: Screen): Promise<void> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    this.session = "";
    const { sessionId } = await this.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    this.session = sessionId;
    await this.send("Runtime.enable");
    this.screen = { width, height };
    await this.resize(width, height);
    const features = [{ name: "prefers-color-scheme", value: colours }];
    await this.send("Emulation.setEmulatedMedia", { features });
    await this.send("Page.navigate", { url: address });
  }

  /** The value of an expression on the page, which may be a promise. */
  async value<T>(expression: string): Promise<T> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send<{
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string } };
    }>("Runtime.evaluate", options);
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value;
  }

  /** The whole page, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { width, height } = this.screen;
    const content = await this.value<number>("document.documentElement.scrollHeight");
    // What is outside of the window may not be painted, so the window becomes as high as the page.
    await this.resize(width, Math.max(height, content));
    await this.value("new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))");
    const { data } = await this.send<{ data: string }>("Page.captureScreenshot", { format: "png" });
    await this.resize(width, height);
    return Buffer.from(data, "base64");
  }

  /** What the page's own code has thrown, and what its policy has refused. */
  get thrown(): readonly string[] {
    return this.errors;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.process.pid !== undefined) process.kill(-this.process.pid, "SIGKILL");
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  private async resize(width: number, height: number): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
  }

  private send<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.count;
    const message = { id, method, params, ...(this.session !== "" && { sessionId: this.session }) };
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      (this.process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    });
  }

  private hear({ id, method, params, result, error }: Message): void {
    if (method === "Runtime.exceptionThrown") this.errors.push(JSON.stringify(params));
    const waiting = id === undefined ? undefined : this.waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.waiting.delete(id);
    if (error === undefined) waiting.resolve(result as never);
    else waiting.reject(new Error(error.message));
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
