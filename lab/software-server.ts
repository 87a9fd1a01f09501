/*
 * Serves the cached artefacts to guests, inside the lab's network: GET /NAME_VERSION, nothing else. Arguments by environment:
 * see services.ts.
 */
import * as fs from "fs";
import * as http from "http";
import * as path from "path";

const folder = process.env.LAB_ARTEFACTS ?? "";
const names = new Set((process.env.LAB_ARTEFACT_NAMES ?? "").split(" "));

const server = http.createServer((request, response) => {
  const refuse = (status: number, text: string): void => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(`${text}\n`);
  };
  const name = (request.url ?? "").replace(/^\//, "");
  if (request.method !== "GET" && request.method !== "HEAD") {
    refuse(405, "only GET and HEAD");
    return;
  }
  if (!names.has(name)) {
    refuse(404, "the lab serves no such file");
    return;
  }
  fs.open(path.join(folder, name), "r", (error, file) => {
    if (error) {
      refuse(404, `${name} was not built for this lab`);
      return;
    }
    const { size } = fs.fstatSync(file);
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
    const content = fs.createReadStream("", { fd: file });
    response.on("close", () => content.destroy());
    if (request.method === "HEAD") response.end();
    else content.pipe(response);
  });
});

server.listen(Number(process.env.LAB_ARTEFACT_PORT));
