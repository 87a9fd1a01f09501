import { request } from "node:http";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { CliError } from "../../../cli/errors";
import { ViewServer } from "../../../cli/view/server";

const watched: boolean[] = [];
const server = new ViewServer({ picture: () => "<svg/>", watched: (open) => watched.push(open) });
let address = "";
beforeAll(async () => {
  address = await server.listen(0);
});
afterAll(() => {
  server.close();
});

interface Answer {
  readonly status?: number;
  readonly policy?: string;
  readonly text: string;
}

/** `fetch` would not let the test choose Host. */
function asked(path: string, options: { host?: string; method?: string } = {}): Promise<Answer> {
  const { host, method } = options;
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address);
    request({ hostname, port, path, method, headers: host === undefined ? {} : { host } }, (response) => {
      let text = "";
      response
        .on("data", (chunk: Buffer) => (text += chunk.toString()))
        .on("end", () => {
          const policy = response.headers["content-security-policy"]?.toString();
          resolve({ status: response.statusCode, policy, text });
        });
    })
      .on("error", reject)
      .end();
  });
}

test("the page, its style, its script and the picture are served; nothing else is", async () => {
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  for (const path of ["/", "/view.css", "/view.js"]) expect(await asked(path)).toMatchObject({ status: 200 });
  expect(await asked("/topology.svg")).toMatchObject({ status: 200, text: "<svg/>" });
  for (const path of ["/../server.ts", "/%2e%2e/view.ts", "/server.ts", "/constructor", "/package.json"])
    expect(await asked(path)).toMatchObject({ status: 404 });
  expect(await asked("/", { method: "POST" })).toMatchObject({ status: 405 });
});

test("the page loads nothing from elsewhere, and its policy forbids it", async () => {
  const texts = await Promise.all(["/", "/view.css", "/view.js"].map(async (path) => (await asked(path)).text));
  expect(texts.join("\n")).not.toMatch(/https?:|\/\/[a-z]+\./);
  expect((await asked("/")).policy).toMatch(/default-src 'none'; script-src 'self';/);
});

test("another site whose name leads to 127.0.0.1 (DNS rebinding) gets nothing", async () => {
  const { host, port } = new URL(address);
  expect(await asked("/", { host })).toMatchObject({ status: 200 });
  expect(await asked("/", { host: `localhost:${port}` })).toMatchObject({ status: 200 });
  for (const other of ["rebound.example", `rebound.example:${port}`, `127.0.0.1.example:${port}`, "127.0.0.1"])
    for (const path of ["/", "/topology.svg", "/events"])
      expect(await asked(path, { host: other })).toMatchObject({
        status: 421,
        text: `This page is ${address} only.\n`,
      });
});

test("it listens on 127.0.0.1 only", async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal);
  const { port } = new URL(address);
  const outcomes = await Promise.allSettled(others.map((one) => fetch(`http://${one.address}:${port}/`)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toEqual([]);
  await expect(fetch(`http://[::1]:${port}/`)).rejects.toThrow("fetch failed");
});

test("pages get each state; one that opens later gets the newest first; the first and the last one are told", async () => {
  server.send({ drawn: 1 });
  const [first, second] = [new AbortController(), new AbortController()];
  const one = await events(first.signal);
  expect(await one()).toBe('data: {"drawn":1}\n\n');
  expect(watched).toEqual([true]);
  const two = await events(second.signal);
  expect(await two()).toBe('data: {"drawn":1}\n\n');
  server.send({ drawn: 2 });
  expect(await Promise.all([one(), two()])).toEqual(['data: {"drawn":2}\n\n', 'data: {"drawn":2}\n\n']);
  first.abort();
  second.abort();
  while (watched.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(watched).toEqual([true, false]);
});

test("a port that is taken: one error that names the setting", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const late = new ViewServer({ picture: () => "", watched: () => undefined });
  await expect(late.listen(port)).rejects.toThrow(
    new CliError(
      `the page can't be served: port ${port} of 127.0.0.1 is in use`,
      "choose another port: npx vipstack view --port N, or 0 for a free one",
    ),
  );
  other.close();
});

async function events(signal: AbortSignal): Promise<() => Promise<string>> {
  const { body } = await fetch(new URL("/events", address), { signal });
  const reader = body!.getReader();
  return async () => new TextDecoder().decode((await reader.read()).value as Uint8Array | undefined);
}
