import { createServer } from "node:net";

/**
 * Below the ports that the kernel gives to connections (from 32768), any of which may take one in between, and below those of Nomad's jobs
 * (from 20000). Test files run side by side, so each worker of Jest has ports of its own.
 */
const FIRST = 11_000;
const PORTS_OF_WORKER = 500;
const WORKERS = 14;

let next = Math.floor(Math.random() * PORTS_OF_WORKER);

/** Different ports of 127.0.0.1 that nothing listens on, and that no other test file gets meanwhile. */
export async function freePorts(count: number): Promise<number[]> {
  const worker = Number(process.env.JEST_WORKER_ID ?? "1") % WORKERS;
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + worker * PORTS_OF_WORKER + (next++ % PORTS_OF_WORKER);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
