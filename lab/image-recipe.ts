import type { KeptContainer } from "./image-containers";

/** Everything that decides what the base image contains. Its text is hashed, so any change makes a new image. */
export interface ImageRecipe {
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

const CLOUD_CONFIG = `# cloud-init finds its data on the lab's seed disk at once, and runs the modules that mean something in a lab machine.
datasource_list: [NoCloud, None]
disable_root: false
users:
 - name: root
   lock_passwd: false
ssh_genkeytypes: [ed25519]
ssh_quiet_keygen: true
system_info:
  apt_get_command:
   - /usr/local/lib/lab/apt-get
   - --option=Dpkg::Options::=--force-confold
   - --option=Dpkg::options::=--force-unsafe-io
   - --assume-yes
   - --quiet
cloud_init_modules:
 - bootcmd
 - write-files
 - disk_setup
 - mounts
 - set_hostname
 - update_hostname
 - update_etc_hosts
 - ca-certs
 - users-groups
 - ssh
cloud_config_modules:
 - set-passwords
 - apt-configure
 - timezone
 - runcmd
cloud_final_modules:
 - package-update-upgrade-install
 - write-files-deferred
 - scripts-vendor
 - scripts-per-once
 - scripts-per-boot
 - scripts-per-instance
 - scripts-user
 - phone-home
 - final-message
 - power-state-change
`;

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
  "/etc/cloud/cloud.cfg.d/90_lab.cfg": CLOUD_CONFIG,
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
export function imageRecipe(
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
    commands: [...COMMANDS, ...(units.length > 0 ? [["systemctl", "disable", ...units], FORGET_SYSV] : [])],
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
