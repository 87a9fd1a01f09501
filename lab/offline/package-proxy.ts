import * as fs from "fs";
import { archiveHosts, hostAptProxy, hostSources } from "../apt-sources";
import { LabError } from "../errors";
import { namespaced } from "../network";
import { isAlive, readRecord, startRecorded, until } from "../processes";
import type { LabState } from "../state";

/** Port on the router's addresses where guests find the proxy. */
export const PACKAGE_PORT = 3142;

const OUTSIDE = "package-proxy";
const INSIDE = "package-proxy-door";

/** Whether guests can fetch packages. */
export function packageProxyRuns(state: LabState): boolean {
  return [OUTSIDE, INSIDE].every((name) => isAlive(readRecord(state, name)));
}

/** Starts the proxy in the host's network, and the door to it in the lab's: a unix socket is reachable from both. */
export async function ensurePackageProxy(state: LabState): Promise<void> {
  const socket = state.run("packages.sock");
  const log = state.file("package-proxy.log");
  if (!isAlive(readRecord(state, OUTSIDE))) {
    fs.rmSync(socket, { force: true });
    startRecorded(state, OUTSIDE, [process.execPath, require.resolve("./package-proxy-server")], {
      log,
      env: {
        PATH: process.env.PATH,
        LAB_PROXY_SOCKET: socket,
        LAB_PROXY_HOSTS: archiveHosts(await hostSources()).join(" "),
        LAB_PROXY_UPSTREAM: (await hostAptProxy()) ?? "",
      },
    });
    if (!(await until(() => fs.existsSync(socket), 25, 5_000)))
      throw new LabError("the package proxy did not start", `see ${log}`);
  }
  if (!isAlive(readRecord(state, INSIDE))) {
    const listen = `TCP6-LISTEN:${PACKAGE_PORT},ipv6only=0,fork,reuseaddr`;
    const listen4 = `TCP4-LISTEN:${PACKAGE_PORT},fork,reuseaddr`;
    const door = ["socat", fs.existsSync("/proc/sys/net/ipv6") ? listen : listen4, `UNIX-CONNECT:${socket}`];
    startRecorded(state, INSIDE, namespaced(state, door), { log });
  }
}
