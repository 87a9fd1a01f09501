/*
 * Serves programs to guests, inside the lab's network: GET /NAME_VERSION, and /SHA256SUMS with the sums of all. Arguments by
 * environment: see services.ts.
 */
import * as fs from "fs";
import * as http from "http";

const served = process.env.LAB_SERVED ?? "";

/** As they are now: the list changes while this runs. */
function programs(): Record<string, { file: string; sha256: string }> {
  return JSON.parse(fs.readFileSync(served, "utf8")) as Record<string, { file: string; sha256: string }>;
}

const server = http.createServer((request, response) => {
  const tell = (status: number, text: string): void => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(text);
  };
  const name = (request.url ?? "").replace(/^\//, "");
  if (request.method !== "GET" && request.method !== "HEAD") {
    tell(405, "only GET and HEAD\n");
    return;
  }
  const there = programs();
  if (name === "SHA256SUMS") {
    tell(
      200,
      Object.entries(there)
        .map(([each, { sha256 }]) => `${sha256}  ${each}\n`)
        .join(""),
    );
    return;
  }
  const program = Object.hasOwn(there, name) ? there[name] : undefined;
  if (program === undefined) {
    tell(404, "the lab serves no such file\n");
    return;
  }
  fs.open(program.file, "r", (error, file) => {
    if (error) {
      tell(404, `${program.file} is not there any more; start the lab again\n`);
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

server.listen(Number(process.env.LAB_SERVED_PORT));
