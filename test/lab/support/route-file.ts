import { LabDeployment } from "./deployment";
import { eventually, MINUTES } from "./waiting";

/** The folder in Consul that the program `gateway-documents` has its routes in. */
export const ROUTES_FOLDER = "apisix/front/routes";
/** The file that they are in on the gateway's machine. */
export const ROUTES_FILE = "/var/lib/vipstack/gateway/front/document/apisix.yaml";

/** The routes of a gateway on the machine `gw`: their way from Consul to the file. */
export class RouteFile {
  constructor(private readonly lab: LabDeployment) {}

  /** Runs Python on the gateway's machine, with what every measurement needs. */
  async python(text: string): Promise<string> {
    return this.lab.on("gw", `python3 - <<'PROGRAM'\n${LIBRARY}\n${text}\nPROGRAM`);
  }

  async put(key: string, document: string): Promise<void> {
    await this.lab.on("gw", `consul kv put ${ROUTES_FOLDER}/${key} '${document}'`);
  }

  async delete(...keys: string[]): Promise<void> {
    for (const key of keys) await this.lab.on("gw", `consul kv delete ${ROUTES_FOLDER}/${key}`);
  }

  /** Whether the file has a route to this path. */
  async has(uri: string): Promise<boolean> {
    return (await this.lab.on("gw", `cat ${ROUTES_FILE}`)).includes(`"uri":"${uri}"`);
  }

  async until(uri: string): Promise<void> {
    await eventually(async () => {
      if (!(await this.has(uri))) throw new Error(`the file has no route to ${uri}`);
    }, 2 * MINUTES);
  }

  /** The file's routes as libyaml reads them, which APISIX has, too; by their id. */
  async routes(): Promise<Record<string, object>> {
    const text = await this.lab.on(
      "gw",
      `python3 -c 'import json, yaml
with open("${ROUTES_FILE}") as file: routes = yaml.load(file, Loader=yaml.CSafeLoader)["routes"]
print(json.dumps({route["id"]: route for route in routes}))'`,
    );
    return JSON.parse(text) as Record<string, object>;
  }
}

/** `put` edits a route as `consul kv put` does, without the time that a process takes to start. */
const LIBRARY = `import hashlib, json, os, re, threading, time, urllib.request

FILE = "${ROUTES_FILE}"

def put(uri, route="hello"):
    document = json.dumps({"id": route, "uri": uri, "upstream": {"nodes": {"10.92.0.31:80": 1}, "type": "roundrobin"}})
    url = "http://127.0.0.1:8500/v1/kv/${ROUTES_FOLDER}/" + route
    urllib.request.urlopen(urllib.request.Request(url, data=document.encode(), method="PUT"), timeout=60).read()

def document():
    with open(FILE) as file:
        return file.read()

def until(uri):
    deadline = time.monotonic() + 60
    while '"%s"' % uri not in document():
        if time.monotonic() > deadline:
            raise SystemExit("in vain waited for " + uri + " in\\n" + document())
        time.sleep(0.02)`;
