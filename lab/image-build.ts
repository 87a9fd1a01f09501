import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { loadContainers } from "./image-containers";
import type { ImageRecipe } from "./image-recipe";

/** How far mmdebstrap is, by the lines it prints. */
const STEPS: [RegExp, string, number][] = [
  [/running apt-get update/, "reading the package archives", 5],
  [/downloading packages with apt/, "downloading the essential packages", 15],
  [/extracting archives/, "unpacking the essential packages", 20],
  [/installing essential packages/, "installing the essential packages", 30],
  [
    /downloading .*apt|installing remaining packages/,
    "installing cloud-init, openssh, caddy and the network tools",
    50,
  ],
  [/cleaning package lists|cleaning/, "cleaning up", 85],
];

/** Builds the image in the folder `work` and returns its path there. */
export async function buildImage(
  recipe: ImageRecipe,
  options: { title: string; work: string; modules: string; progress: Progress; signal: AbortSignal },
): Promise<string> {
  const { title, work, progress, signal } = options;
  const root = path.join(work, "root");
  progress.tell(null, "image", `building ${title} (${recipe.suite}, once, about a minute)`, 0);
  await bootstrap(recipe, root, progress, signal);
  progress.tell(null, "image", "adding kernel modules and the lab's settings", 88);
  await customise(recipe, root, options.modules);
  if (recipe.containers.length > 0) {
    progress.tell(null, "image", "giving its Docker the container images", 90);
    const reason = await loadContainers(root, recipe.containers, signal);
    signal.throwIfAborted();
    if (reason !== undefined) progress.tell(null, "image", `machines pull their container images: ${reason}`, 91);
  }
  progress.tell(null, "image", "writing the file system", 92);
  const image = path.join(work, "image.ext4");
  await execa("truncate", ["-s", `${recipe.sizeMiB}M`, image]);
  // A journal, because machines lose their power here on purpose.
  const features = ["-E", "lazy_itable_init=1", "-J", "size=16", "-m", "0", "-d", root];
  await execa("mke2fs", ["-q", "-t", "ext4", ...features, image], { stdin: "ignore" });
  return image;
}

async function bootstrap(recipe: ImageRecipe, root: string, progress: Progress, signal: AbortSignal): Promise<void> {
  const child = execa(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "unshare"],
      // In namespaces of its own: if this program or the build is killed, all the build's processes and mounts are gone in the same moment.
      ...["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "mmdebstrap"],
      "--mode=root",
      "--variant=minbase",
      // Package lists stay, so that "apt-get update" in a machine finds them unchanged instead of fetching and parsing them.
      "--skip=cleanup/apt/lists,cleanup/apt/cache",
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Install-Recommends "false"',
      ...recipe.aptChecks.map((line) => `--aptopt=${line}`),
      ...["doc", "man", "locale"].map((what) => `--dpkgopt=path-exclude=/usr/share/${what}/*`),
      `--include=${recipe.packages.join(",")}`,
      recipe.suite,
      root,
      ...recipe.sources,
    ],
    { stdin: "ignore", all: true, reject: false, env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" } },
  );
  const stop = (): void => {
    child.kill("SIGKILL");
  };
  signal.addEventListener("abort", stop);
  child.all?.on("data", (data: Buffer) => {
    const step = STEPS.find(([pattern]) => pattern.test(data.toString()));
    if (step) progress.tell(null, "image", step[1], step[2]);
  });
  const result = await child;
  signal.removeEventListener("abort", stop);
  if (result.failed) {
    const lines = (result.all ?? "").trimEnd().split("\n");
    const errors = lines.filter((line) => /^(E|W|Err)[: ]/.test(line));
    const told = (errors.length > 0 ? errors : lines).slice(-3).join("; ");
    throw new LabError(
      `mmdebstrap could not build the base image (exit ${result.exitCode}): ${told}`,
      "check that apt works on this machine: apt-get update",
    );
  }
}

async function customise(recipe: ImageRecipe, root: string, modules: string): Promise<void> {
  for (const [file, text] of Object.entries(recipe.files)) {
    const target = path.join(root, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.rmSync(target, { force: true }); // a symbolic link, such as resolv.conf may be, would lead out of the folder
    fs.writeFileSync(target, text);
  }
  for (const keyring of recipe.sources.flatMap((line) => /signed-by=([^\] ]+)/.exec(line)?.[1] ?? [])) {
    const target = path.join(root, keyring);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    if (!fs.existsSync(target)) fs.copyFileSync(keyring, target);
  }
  fs.rmSync(path.join(root, "etc/hostname"), { force: true });
  fs.mkdirSync(path.join(root, "var/log/journal"), { recursive: true });
  await execa("sh", ["-c", 'rm -f "$0"/etc/ssh/ssh_host_* "$0"/var/cache/apt/archives/*.deb', root]);
  fs.mkdirSync(path.join(root, "usr/lib/modules"), { recursive: true });
  await execa("cp", ["-a", modules, path.join(root, "usr/lib/modules/")]);
  for (const [command = "", ...args] of recipe.commands) {
    await execa("chroot", [root, command, ...args], { stdin: "ignore", env: { DEBIAN_FRONTEND: "noninteractive" } });
  }
}
