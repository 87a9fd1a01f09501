import { readFileSync } from "node:fs";
import { createServer, IncomingMessage, Server, ServerResponse } from "node:http";
import { AddressInfo } from "node:net";
import { join } from "node:path";
import { CliError } from "../errors";
import { typed } from "../package";

/** The files of the page, by their paths in its address. */
const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/view.css": ["view.css", "text/css; charset=utf-8"],
  "/view.js": ["view.js", "text/javascript; charset=utf-8"],
};

const HEADERS = {
  "Cache-Control": "no-store",
  // The picture has its style within it.
  "Content-Security-Policy": [
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:",
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ].join("; "),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

export interface ViewServerProps {
  /** The picture at the time of the call, as SVG. */
  readonly picture: () => string;
  /** Called when the first page opens (true) and when the last one closes (false). */
  readonly watched: (open: boolean) => void;
}

/** Serves page, picture and events on 127.0.0.1. It only answers: nothing can be changed through it. */
export class ViewServer {
  private readonly pages = new Set<ServerResponse>();
  private readonly server: Server;
  private last = "";

  constructor(private readonly props: ViewServerProps) {
    this.server = createServer((request, response) => {
      this.answer(request, response);
    });
  }

  /** @param port 0: a free one @returns the address of the page. @throws CliError if the port is taken */
  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject).listen(port, "127.0.0.1", resolve);
    }).catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === "EADDRINUSE" ? `port ${port} of 127.0.0.1 is in use` : message;
      throw new CliError(
        `the page can't be served: ${why}`,
        `choose another port: ${typed("view", "--port", "N")}, or 0 for a free one`,
      );
    });
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Sends it to every page that is open; one that opens later gets the newest first. */
  send(state: object): void {
    this.last = `data: ${JSON.stringify(state)}\n\n`;
    for (const page of this.pages) page.write(this.last);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private answer({ method, url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const end = (status: number, type: string, body: string): void => {
      response.writeHead(status, { ...HEADERS, "Content-Type": type }).end(body);
    };
    const file = FILES[url];
    // DNS rebinding: another site's name that leads to 127.0.0.1 is in Host.
    if (!["127.0.0.1", "localhost"].some((host) => headers.host === `${host}:${this.port}`))
      end(421, "text/plain", `This page is http://127.0.0.1:${this.port}/ only.\n`);
    else if (method !== "GET") end(405, "text/plain", "GET only.\n");
    else if (file !== undefined) end(200, file[1], readFileSync(join(__dirname, "page", file[0]), "utf8"));
    else if (url === "/topology.svg") end(200, "image/svg+xml", this.props.picture());
    else if (url === "/events") this.follow(response);
    else end(404, "text/plain", "Not found.\n");
  }

  private follow(response: ServerResponse): void {
    response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream" }).write(this.last || ":\n\n");
    this.pages.add(response);
    if (this.pages.size === 1) this.props.watched(true);
    response.on("close", () => {
      this.pages.delete(response);
      if (this.pages.size === 0) this.props.watched(false);
    });
  }
}
