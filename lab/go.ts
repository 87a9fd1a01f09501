import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "./errors";

/** The first release that can fetch another one by itself. */
const OLDEST = { major: 1, minor: 21 };
/** Where Go is installed without being on every PATH (sudo has one of its own). */
const FOLDERS = ["/usr/local/go/bin", "/usr/lib/go/bin", "/usr/local/bin", "/usr/bin"];

/** Path of the `go` command, or an error that says why it is needed and how to get it. */
export async function requireGo(what: string): Promise<string> {
  const folders = [...(process.env.PATH ?? "").split(":").filter((folder) => folder !== ""), ...FOLDERS];
  const go = folders.map((folder) => path.join(folder, "go")).find((file) => fs.existsSync(file));
  const version =
    go === undefined ? undefined : (await execa(go, ["version"], { env: { GOTOOLCHAIN: "local" } })).stdout;
  const problem = goProblem(version, what);
  if (problem !== undefined || go === undefined) throw problem ?? new Error("no go");
  return go;
}

/** What is wrong with the Go that is installed, by the text of `go version`; undefined if nothing is. */
export function goProblem(version: string | undefined, what: string): LabError | undefined {
  const cure =
    "install Go 1.21 or newer (apt-get install golang-go where it is new enough, or go.dev/dl), then run this again";
  if (version === undefined) return new LabError(`the lab builds ${what} from source, and Go is not installed`, cure);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  const number = major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
  if (number && (number.major > OLDEST.major || (number.major === OLDEST.major && number.minor >= OLDEST.minor)))
    return undefined;
  return new LabError(`the lab builds ${what} from source, and the Go here is too old (${version.trim()})`, cure);
}

/**
 * Surroundings of a build: the exact release, one kind of processor, no C compiler, nothing that the user's own Go settings would
 * change in the result. Where modules come from and where Go keeps its caches stays the user's.
 */
export function goEnvironment(own: NodeJS.ProcessEnv, release: string, temporary: string): NodeJS.ProcessEnv {
  return {
    ...own,
    GOTOOLCHAIN: `go${release}`,
    GOOS: "linux",
    GOARCH: "amd64",
    GOAMD64: "v1",
    CGO_ENABLED: "0",
    GOFLAGS: "",
    GOEXPERIMENT: "",
    GODEBUG: "",
    GOFIPS140: "off",
    GOWORK: "off",
    GOTMPDIR: temporary,
    HOME: own.HOME ?? "/root",
  };
}
