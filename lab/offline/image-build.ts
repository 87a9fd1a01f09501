import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "../errors";
import { sha256Of } from "../files";
import { containerLabels, type ContainerRecipe } from "./image-recipes";

/** The distribution that images are made of: the host's own. */
export interface PackageOrigin {
  readonly distribution: string;
  readonly suite: string;
  /** One-line sources. */
  readonly sources: readonly string[];
  /** Settings of apt without which the sources may not be accepted. */
  readonly aptChecks: readonly string[];
}

/** Places that belong to the machine that runs a container, or to the unpacking. */
const LEFT_OUT = ["dev", "proc", "sys", "etc/apt", "etc/dpkg", "etc/fstab", "etc/hostname", "etc/resolv.conf"];
const EMPTIED = ["var/lib/apt", "var/lib/dpkg", "var/cache/apt"];

/** Makes an image in the folder `work` and returns its file, of the kind that `docker save` writes. */
export async function buildContainer(
  recipe: ContainerRecipe,
  origin: PackageOrigin,
  options: { work: string; signal: AbortSignal },
): Promise<string> {
  const { work, signal } = options;
  const root = path.join(work, "root");
  const version = await unpackPackages(recipe, origin, root, signal);
  await furnish(recipe, root);
  const layer = path.join(work, "layer.tar");
  const order = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await execa("tar", [...order, "-cf", layer, "-C", root, "."], { stdin: "ignore" });
  const diffId = await sha256Of(layer);
  await execa("gzip", ["-n", "-6", layer], { stdin: "ignore" });
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    created: new Date().toISOString(),
    config: { ...recipe.config, Labels: containerLabels(recipe, origin.distribution, version) },
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
    history: [{ created_by: `vipstack-lab: ${recipe.packages.join(" ")} of ${origin.distribution} ${origin.suite}` }],
  });
  const configFile = `${createHash("sha256").update(config).digest("hex")}.json`;
  fs.writeFileSync(path.join(work, configFile), config);
  const manifest = [{ Config: configFile, RepoTags: recipe.references, Layers: ["layer.tar.gz"] }];
  fs.writeFileSync(path.join(work, "manifest.json"), JSON.stringify(manifest));
  const image = path.join(work, "image.tar");
  await execa("tar", ["-cf", image, "-C", work, "manifest.json", configFile, "layer.tar.gz"], { stdin: "ignore" });
  return image;
}

/** Unpacks the packages with all that they depend on; returns the version of the one that the image is about. */
async function unpackPackages(
  recipe: ContainerRecipe,
  origin: PackageOrigin,
  root: string,
  signal: AbortSignal,
): Promise<string> {
  const merge = 'for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done';
  const child = execa(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "unshare"],
      // In namespaces of its own: if this program or the build is killed, all the build's processes and mounts are gone in the same moment.
      ...["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "mmdebstrap"],
      ...["--mode=root", "--verbose", "--variant=extract", `--setup-hook=${merge}`],
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Install-Recommends "false"',
      ...origin.aptChecks.map((line) => `--aptopt=${line}`),
      ...recipe.exclude.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      `--include=${recipe.packages.join(",")}`,
      origin.suite,
      root,
      ...origin.sources,
    ],
    { stdin: "ignore", all: true, reject: false, env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" } },
  );
  const stop = (): void => {
    child.kill("SIGKILL");
  };
  signal.addEventListener("abort", stop);
  const { failed, all = "" } = await child;
  signal.removeEventListener("abort", stop);
  if (!failed) return packageVersion(all, recipe.about) ?? "unknown";
  const lines = all.trimEnd().split("\n");
  const errors = lines.filter((line) => /^(E|Err)[: ]/.test(line));
  throw new LabError(
    `the image ${recipe.references[0] ?? ""} could not be made: ${(errors.length > 0 ? errors : lines).slice(-3).join("; ")}`,
    "check that apt works on this machine: apt-get update",
  );
}

/** The version of a package, by the line that apt prints when it fetches it. */
export function packageVersion(output: string, name: string): string | undefined {
  for (const line of output.split("\n")) {
    const words = line.split(" ");
    if (/^Get:\d+$/.test(words[0] ?? "") && words[4] === name) return words[6];
  }
  return undefined;
}

/** Adds what installation scripts would have done, the configuration, and busybox as shell and tools. */
async function furnish(recipe: ContainerRecipe, root: string): Promise<void> {
  const inside = (place: string): string => path.join(root, place);
  for (const place of [...LEFT_OUT, ...EMPTIED]) fs.rmSync(inside(place), { recursive: true, force: true });
  for (const folder of ["root", "run", "var/run", "var/tmp", ...recipe.folders])
    fs.mkdirSync(inside(folder), { recursive: true });
  fs.mkdirSync(inside("tmp"), { recursive: true });
  fs.chmodSync(inside("tmp"), 0o1777);
  for (const [file, text] of Object.entries(recipe.files)) {
    fs.mkdirSync(path.dirname(inside(file)), { recursive: true });
    fs.rmSync(inside(file), { force: true });
    fs.writeFileSync(inside(file), text);
  }
  for (const file of recipe.executables) fs.chmodSync(inside(file), 0o755);
  for (const [link, target] of Object.entries(recipe.links)) {
    fs.mkdirSync(path.dirname(inside(link)), { recursive: true });
    fs.rmSync(inside(link), { force: true });
    fs.symlinkSync(target, inside(link));
  }
  const { stdout } = await execa(inside("usr/bin/busybox"), ["--list"]);
  for (const applet of stdout.split("\n").filter((name) => name !== "")) {
    // A package's own program of that name comes first.
    const taken = ["usr/bin", "usr/sbin"].some((folder) => hasEntry(inside(path.join(folder, applet))));
    if (!taken) fs.symlinkSync("busybox", inside(path.join("usr/bin", applet)));
  }
  const certificates = inside("usr/share/ca-certificates");
  if (fs.existsSync(certificates)) await execa("sh", ["-c", BUNDLE, root]);
}

/** What the installation script of ca-certificates would do. */
const BUNDLE =
  'mkdir -p "$0/etc/ssl/certs" && find "$0/usr/share/ca-certificates" -name "*.crt" | sort | xargs cat > "$0/etc/ssl/certs/ca-certificates.crt"';

function hasEntry(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
