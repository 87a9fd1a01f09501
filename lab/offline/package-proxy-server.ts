/*
 * A forward proxy for package archives, on a unix socket: guests have no way out, and apt needs one. It runs in the host's own
 * network and serves the archives that the host's own apt uses, nothing else. Arguments by environment: see package-proxy.ts.
 */
import * as http from "http";
import * as net from "net";

const socket = process.env.LAB_PROXY_SOCKET ?? "";
const allowed = new Set((process.env.LAB_PROXY_HOSTS ?? "").split(" "));
const upstream = process.env.LAB_PROXY_UPSTREAM ? new URL(process.env.LAB_PROXY_UPSTREAM) : undefined;

const server = http.createServer((request, response) => {
  const refuse = (status: number, text: string): void => {
    if (!response.headersSent) response.writeHead(status, { "content-type": "text/plain" });
    response.end(`${text}\n`);
  };
  let url: URL;
  try {
    url = new URL(request.url ?? "");
  } catch {
    refuse(400, "this is a forward proxy; it wants absolute addresses");
    return;
  }
  if (!allowed.has(url.hostname)) {
    console.log(`refused: ${url.hostname}`);
    refuse(403, `${url.hostname} is not among the package archives of the host`);
    return;
  }
  const headers = { ...request.headers };
  delete headers["proxy-connection"];
  const target = upstream
    ? { host: upstream.hostname, port: upstream.port || 80, path: url.href }
    : { host: url.hostname, port: url.port || 80, path: url.pathname + url.search };
  const onward = http.request({ ...target, method: request.method, headers }, (answer) => {
    allowRedirect(answer.headers.location);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", (error) => {
    refuse(502, error.message);
  });
  response.on("close", () => onward.destroy());
  request.pipe(onward);
});

// Archives behind https are reached by a tunnel; to the same hosts only.
server.on("connect", (request, client, head) => {
  const [host = "", port = "443"] = (request.url ?? "").split(":");
  if (!allowed.has(host)) {
    console.log(`refused: ${host}`);
    client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    return;
  }
  const onward = upstream
    ? net.connect(Number(upstream.port || 80), upstream.hostname, () => {
        onward.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
      })
    : net.connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      });
  onward.write(head);
  onward.pipe(client).pipe(onward);
  onward.on("error", () => client.destroy());
  client.on("error", () => onward.destroy());
});

/** An archive may redirect to a mirror; what it names is as trusted as itself (apt checks signatures anyway). */
function allowRedirect(location: string | undefined): void {
  try {
    if (location !== undefined) allowed.add(new URL(location).hostname);
  } catch {
    // a relative address stays with the same host
  }
}

server.listen(socket);
