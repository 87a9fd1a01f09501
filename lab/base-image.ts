import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { distributionSources, hostAptChecks, hostSources, sourceLines } from "./apt-sources";
import { type KeptContainer, loadContainers } from "./base-image-containers";
import { CLOUD_INIT_FILES } from "./base-image-cloud-init";
import { LabError } from "./errors";
import { abortable, type Progress } from "./events";
import { cacheFolder, readIfThere, withLock, writeAtomically } from "./files";
import { shortName } from "./offline/images";

/** Room for the unpacked system, the image made of it, and some air. */
const NEEDED_BYTES = 2.5e9;
const MODULES = "/usr/lib/uml/modules";

/** What is remembered about a finished image, to notice a damaged one without reading all of it. */
interface Sidecar {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Folder of the cached images. */
function imageFolder(): string {
  return cacheFolder("images");
}

/**
 * Path of the base image; built now if it isn't in the cache, or is damaged there.
 *
 * @param preinstalled packages that it holds beside the usual ones: another set is another image
 * @param containers container images that its Docker holds
 */
export async function prepareImage(
  progress: Progress,
  preinstalled: readonly string[] = [],
  containers: readonly KeptContainer[] = [],
): Promise<string> {
  const recipe = await hostRecipe(preinstalled, containers);
  const held = [...preinstalled, ...containers.flatMap(({ references }) => references.slice(0, 1).map(shortName))];
  const title = ["the machines' base image", ...(held.length > 0 ? [held.join(", ")] : [])].join(" with ");
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const image = path.join(imageFolder(), `${hash}.ext4`);
  if ((await damageOf(image)) === undefined) return image;
  await withLock(
    path.join(imageFolder(), `${hash}.lock`),
    async () => {
      const damage = await damageOf(image); // another process may have built it meanwhile
      if (damage === undefined) return;
      if (fs.existsSync(image))
        progress.tell(null, "image", `${title} in the cache is damaged (${damage}); building it again`);
      checkSpace(imageFolder());
      await build(recipe, image, title, progress);
    },
    () => {
      progress.tell(null, "image", `another process is building ${title}; waiting for it`);
    },
  );
  return image;
}

/** What is wrong with a cached image; undefined if nothing is. */
export async function damageOf(image: string): Promise<string | undefined> {
  const text = readIfThere(`${image}.json`);
  if (!fs.existsSync(image)) return "it is not there";
  if (text === undefined) return "its description is not there";
  try {
    const expected = JSON.parse(text) as Sidecar;
    const found = fs.statSync(image);
    if (found.size !== expected.size) return `${found.size} bytes instead of ${expected.size}`;
    if (found.mtimeMs !== expected.mtimeMs) return "it was changed after it was built";
  } catch {
    return "its description can't be read";
  }
  const check = await execa("e2fsck", ["-n", image], { reject: false });
  return check.exitCode === 0 ? undefined : "its file system has errors";
}

async function build(recipe: ImageRecipe, image: string, title: string, progress: Progress): Promise<void> {
  const started = Date.now();
  // Of this image only: another one may be in the making beside it.
  const prefix = `.build-${path.basename(image, ".ext4")}-`;
  for (const left of fs.readdirSync(imageFolder()).filter((name) => name.startsWith(prefix))) {
    await removeTree(path.join(imageFolder(), left)); // the lock is ours, so these are of crashed builds
  }
  const work = fs.mkdtempSync(path.join(imageFolder(), prefix));
  try {
    const built = await abortable(`building ${title}`, (signal) =>
      buildImage(recipe, { title, work, modules: path.join(MODULES, recipe.kernel), progress, signal }),
    );
    const { size, mtimeMs } = fs.statSync(built);
    writeAtomically(`${image}.json`, JSON.stringify({ size, mtimeMs } satisfies Sidecar) + "\n");
    fs.renameSync(built, image);
  } finally {
    await removeTree(work);
  }
  progress.tell(
    null,
    "image",
    `${title}: built in ${Math.round((Date.now() - started) / 1000)} s, kept in ${image}`,
    100,
  );
}

/** The recipe for this host: its own release, its own package archives, the user-mode Linux kernel that is installed. */
async function hostRecipe(preinstalled: readonly string[], containers: readonly KeptContainer[]): Promise<ImageRecipe> {
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readIfThere("/etc/os-release") ?? "")?.[1]?.replace(/"/g, "");
  if (suite === undefined) {
    throw new LabError(
      "/etc/os-release does not name the release of this system",
      "run the lab on a Debian or Ubuntu release",
    );
  }
  const sources = distributionSources(await hostSources(), suite);
  if (sources.length === 0) {
    throw new LabError(
      `apt has no http source for ${suite} on this machine, so no base image can be built`,
      `add the distribution's archive to /etc/apt/sources.list and run apt-get update`,
    );
  }
  const kernel = fs.existsSync(MODULES) ? fs.readdirSync(MODULES).sort().at(-1) : undefined;
  if (kernel === undefined) {
    throw new LabError(`no kernel modules in ${MODULES}`, "install them: apt-get install --reinstall user-mode-linux");
  }
  const host = { suite, kernel, sources: sourceLines(sources), aptChecks: await hostAptChecks() };
  return imageRecipe(host, preinstalled, containers);
}

function checkSpace(folder: string): void {
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < NEEDED_BYTES) {
    throw new LabError(
      `not enough disk space for the base image: ${(NEEDED_BYTES / 1e9).toFixed(1)} GB needed in ${folder}, ${((bavail * bsize) / 1e9).toFixed(1)} GB free`,
      "make room there, or set XDG_CACHE_HOME to a folder on a bigger disk",
    );
  }
}

/** Never across a mount point: a build that was killed may have left one. */
async function removeTree(folder: string): Promise<void> {
  await execa("rm", ["-rf", "--one-file-system", folder], { reject: false });
}

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
async function buildImage(
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

/** Everything that decides what the base image contains. Its text is hashed, so any change makes a new image. */
interface ImageRecipe {
  readonly suite: string;
  readonly kernel: string;
  readonly sources: string[];
  readonly aptChecks: string[];
  readonly packages: string[];
  /** Container images that its Docker has from the start. */
  readonly containers: KeptContainer[];
  /** Commands that are run inside the new system. */
  readonly commands: string[][];
  readonly files: Record<string, string>;
  readonly sizeMiB: number;
  /** Counts changes of the way images are built that none of the other fields shows. */
  readonly revision: number;
}

/** A machine as a cloud image has it, and the tools that show what its network does. ipvsadm is left to user-data. */
const PACKAGES = [
  ...["systemd-sysv", "udev", "dbus", "kmod", "netbase", "procps", "sudo", "python3", "ca-certificates", "curl"],
  ...["cloud-init", "openssh-server", "iproute2", "iptables", "conntrack", "net-tools", "tcpdump"],
  ...["iputils-ping", "iputils-arping", "iperf3", "caddy"],
];

/** Units without a use in a machine that has no screen, no real disk and no clock of its own; each costs boot time. */
const MASKED = [
  ...["getty@.service", "console-getty.service", "serial-getty@.service", "container-getty@.service"],
  ...["apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer"],
  ...["dpkg-db-backup.timer", "man-db.timer", "systemd-logind.service", "systemd-pstore.service"],
  ...["systemd-timesyncd.service", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount"],
  ...["systemd-hwdb-update.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"],
  ...["systemd-sysusers.service", "systemd-random-seed.service", "systemd-remount-fs.service"],
  ...["systemd-network-generator.service", "systemd-repart.service", "systemd-firstboot.service"],
  ...["dev-hugepages.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "modprobe@.service"],
  ...[
    "cloud-init-hotplugd.socket",
    "cloud-init-hotplugd.service",
    "sshd-keygen.service",
    "unattended-upgrades.service",
  ],
];

/** Programs that systemd runs before anything else, looking for what a machine of the lab never has; each takes a tenth of a second. */
const GENERATORS = [
  ...["cloud-init-generator", "systemd-cryptsetup-generator", "systemd-debug-generator", "systemd-getty-generator"],
  ...["systemd-gpt-auto-generator", "systemd-hibernate-resume-generator", "systemd-integritysetup-generator"],
  ...["systemd-run-generator", "systemd-system-update-generator", "systemd-veritysetup-generator"],
];

/** Where the image keeps the moment that its package lists are of. */
const LISTS_STAMP = "/var/lib/apt/lab-lists";

/**
 * What cloud-init uses as apt-get. The lists in the image are the archive's own; reading them anew takes a lab machine a quarter of
 * a minute, so "update" is left out while they are of this week and no source was added, and made up for if an install fails.
 * For packages that are all there, apt itself (8 s on a busy host) is left out as well.
 */
const APT_GET = `#!/bin/sh
fresh() {
  [ -n "$(find ${LISTS_STAMP} -mmin -10080)" ] &&
    [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f -newer ${LISTS_STAMP})" ]
}
there() { # there WORD…: whether each package after "install" is installed; one with a version counts as not
  while [ "$1" != install ]; do shift; done
  shift
  [ "$#" -gt 0 ] && [ "$(dpkg-query --show --showformat='\${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed)" = "$#" ]
}
case " $* " in
*" update "*)
  if fresh; then echo "the package lists of the lab's image are fresh"; exit 0; fi
  exec apt-get "$@" ;;
*" install "*)
  if fresh && there "$@"; then echo "every package is in the lab's image"; exit 0; fi
  apt-get "$@" && exit 0
  apt-get --quiet update && exec apt-get "$@" ;;
*) exec apt-get "$@" ;;
esac
`;

const FILES: Record<string, string> = {
  "/usr/local/lib/lab/apt-get": APT_GET,
  ...CLOUD_INIT_FILES,
  // The kernel calls interfaces vec0, vec1, …; renamed when they appear, /etc/sysctl.d lines for eth0 hold from then on.
  "/etc/udev/rules.d/70-lab-interface-names.rules": 'ACTION=="add", SUBSYSTEM=="net", KERNEL=="vec*", NAME="eth%n"\n',
  // The lab's own keys are beside those that user-data may set, so no user-data can lock the lab out.
  "/etc/ssh/sshd_config.d/10-lab.conf":
    "HostKey /etc/ssh/lab_host_key\nAuthorizedKeysFile .ssh/authorized_keys /etc/ssh/lab_authorized_keys\n" +
    "PermitRootLogin prohibit-password\nUseDNS no\nMaxSessions 50\nMaxStartups 50\n",
  // The kernel mounts the root file system, and replays its journal; a line here would wait for udev and fsck first.
  "/etc/fstab": "",
  // Hundreds of terminals and memory devices would go through udev's rules one by one; disks and network cards suffice.
  "/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf":
    "[Service]\nExecStart=\nExecStart=udevadm trigger --type=subsystems --action=add\n" +
    "ExecStart=udevadm trigger --type=devices --action=add --subsystem-match=net --subsystem-match=block\n",
  // Duplicate addresses are looked for during a second in which an IPv6 address can't be used; services start earlier than that.
  "/etc/sysctl.d/10-lab.conf": ["all", "default", ...[0, 1, 2, 3, 4, 5, 6, 7].map((number) => `eth${number}`)]
    .map((name) => `-net.ipv6.conf.${name}.accept_dad = 0\n`)
    .join(""),
  "/etc/machine-id": "",
  "/etc/resolv.conf": "",
  "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
  "/etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=persistent\nSystemMaxUse=64M\n",
};

const COMMANDS: string[][] = [
  ["chmod", "755", "/usr/local/lib/lab/apt-get"],
  ["touch", LISTS_STAMP],
  // The kernel has no nftables for IPv4 and IPv6, so iptables must be the old one.
  ["update-alternatives", "--set", "iptables", "/usr/sbin/iptables-legacy"],
  ["update-alternatives", "--set", "ip6tables", "/usr/sbin/ip6tables-legacy"],
  ["systemctl", "enable", "systemd-networkd.service", "ssh.service"],
  ["systemctl", "disable", "caddy.service", "systemd-networkd-wait-online.service"],
  ["systemctl", "mask", ...MASKED],
  // What cloud-init's generator would do after a search for a data source: here there is always one.
  ["systemctl", "add-wants", "multi-user.target", "cloud-init.target"],
  ["mkdir", "-p", "/etc/systemd/system-generators"],
  ...GENERATORS.map((name) => ["ln", "-sf", "/dev/null", `/etc/systemd/system-generators/${name}`]),
];

/**
 * The recipe for a release of the host's own distribution.
 *
 * @param preinstalled packages beside the usual ones. Their services stay off until a machine's user-data starts them, as if it had
 *   just installed them.
 * @param containers what Docker, if it is preinstalled, need not pull
 */
function imageRecipe(
  host: { suite: string; kernel: string; sources: string[]; aptChecks: string[] },
  preinstalled: readonly string[] = [],
  containers: readonly KeptContainer[] = [],
): ImageRecipe {
  const units = preinstalled.flatMap((name) => UNITS[name] ?? []);
  return {
    ...host,
    packages: [...PACKAGES, ...preinstalled],
    containers: [...containers],
    files: FILES,
    commands: [
      ...COMMANDS,
      ...(units.length > 0 ? [["systemctl", "disable", ...units], FORGET_SYSV] : []),
      // What apt reads out of the package lists: without it the first install in each machine parses 50 MB.
      ["apt-cache", "gencaches"],
    ],
    sizeMiB: 4096,
    revision: 1,
  };
}

/** A package's script for another init makes systemd read all its files once more when the unit of that name is enabled. */
const FORGET_SYSV = ["sh", "-c", "rm -f /etc/init.d/docker /etc/rc?.d/*docker"];

/** What packages start by themselves once they are installed. */
const UNITS: Readonly<Record<string, readonly string[]>> = {
  "docker.io": ["docker.service", "docker.socket", "containerd.service"],
};
