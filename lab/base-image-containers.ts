import execa from "execa";
import type { Container } from "./offline/images";

/** A container image that a disk image is to hold: its archive, and what tells it from another of the same name. */
export interface KeptContainer {
  readonly references: readonly string[];
  /** The archive's manifest, which names the image and its layers by their sums. */
  readonly manifest: string;
  readonly file: string;
}

/** Those of the images that Docker can read from a file, by name. Folders in the OCI layout are left to the registry. */
export async function keptContainers(all: readonly Container[], names: readonly string[]): Promise<KeptContainer[]> {
  const kept: KeptContainer[] = [];
  for (const { file, references } of all) {
    const wanted = references.filter((name) => names.includes(name));
    if (wanted.length === 0 || !file.endsWith(".tar")) continue;
    const { stdout } = await execa("tar", ["-xOf", file, "manifest.json"], { stdin: "ignore" });
    kept.push({ file, references: wanted, manifest: stdout });
  }
  return kept;
}

/**
 * Docker of the new system reads the archives, in namespaces of its own that end with it: no process, mount or network is left.
 * Only images and their layers stay; what Docker notes about itself is each machine's own.
 */
const LOAD = `set -eu
root=$1
shift
# Docker unpacks layers in a root of its own, which it can only make where the root before is a mount.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
ip link set lo up
chroot "$root" dockerd --storage-driver overlay2 --bridge none --iptables=false --ip6tables=false >"$root/run/log" 2>&1 &
docker=$!
tries=0
until chroot "$root" docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 150 ] || ! kill -0 "$docker"; then tail -n 1 "$root/run/log" >&2; exit 1; fi
  sleep 0.2
done
for archive; do chroot "$root" docker load --quiet < "$archive"; done
kill "$docker"
wait "$docker" || true
find "$root/var/lib/docker" -mindepth 1 -maxdepth 1 ! -name image ! -name overlay2 -exec rm -rf {} +
rm -f "$root/etc/docker/key.json"
`;

/**
 * Puts container images into the system below `root`, so that its Docker need not pull them: unpacking one takes a machine of the
 * lab a minute.
 *
 * @returns why it could not be done, such as no cgroups on this host; undefined if it was
 */
export async function loadContainers(
  root: string,
  containers: readonly KeptContainer[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const child = execa(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "--kill-child"],
      ...["sh", "-c", LOAD, "sh", root, ...containers.map(({ file }) => file)],
    ],
    { stdin: "ignore", reject: false },
  );
  const stop = (): void => {
    child.kill("SIGKILL");
  };
  signal.addEventListener("abort", stop);
  const { failed, stderr } = await child;
  signal.removeEventListener("abort", stop);
  return failed ? stderr.trim().split("\n").at(-1) || "Docker ended" : undefined;
}
