import { spawnSync } from "node:child_process";

/** A mount namespace of its own, where a test mounts what this host does not see. */
export const IN_OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"] as const;

const [unshare, ...words] = IN_OWN_MOUNTS;
const possible = spawnSync(unshare, [...words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;

/** Where this user may not mount, such a test is skipped. */
export const withMounts = possible ? test : test.skip;
