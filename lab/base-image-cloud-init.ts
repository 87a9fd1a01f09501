import * as fs from "fs";
import * as path from "path";

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

/** The stages in their order: a unit, and what cloud-init is called with. */
const STAGES = [
  ["cloud-init-local", "init --local"],
  ["cloud-init", "init"],
  ["cloud-config", "modules --mode=config"],
  ["cloud-final", "modules --mode=final"],
] as const;

const PROGRAM = "/usr/local/lib/lab/cloud-init-stages";
const PIPES = "/run/lab-cloud-init";

/** Also takes the output of all stages to where their units have it, and what they start stays when it ends, as with cloud-final. */
const UNIT = `[Unit]
Description=Process of all stages of cloud-init
DefaultDependencies=no
Before=cloud-init-local.service shutdown.target
Conflicts=shutdown.target

[Service]
RuntimeDirectory=lab-cloud-init
ExecStartPre=/usr/bin/mkfifo ${PIPES}/ask ${PIPES}/answer
ExecStart=/usr/bin/python3 ${PROGRAM}.py ${PIPES}/ask ${PIPES}/answer
RemainAfterExit=yes
KillMode=process
TasksMax=infinity
SyslogIdentifier=cloud-init
StandardOutput=journal+console
`;

/** What a stage's unit runs. Where the process is gone after the last stage, it is cloud-init itself. */
const STAGE = `#!/bin/sh
[ -p ${PIPES}/ask ] || exec /usr/bin/cloud-init "$@"
echo "$@" > ${PIPES}/ask
read -r code < ${PIPES}/answer
exit "$code"
`;

/** If the process fails, its stages do, too: without BindsTo they would wait for it. */
function dropIn(words: string): string {
  return `[Unit]
BindsTo=lab-cloud-init.service
After=lab-cloud-init.service

[Service]
ExecStart=
ExecStart=/bin/sh ${PROGRAM} ${words}
`;
}

/** cloud-init in a lab machine: its settings, and one process for all of its stages. */
export const CLOUD_INIT_FILES: Readonly<Record<string, string>> = {
  "/etc/cloud/cloud.cfg.d/90_lab.cfg": CLOUD_CONFIG,
  [`${PROGRAM}.py`]: fs.readFileSync(path.join(__dirname, "cloud-init-stages.py"), "utf8"),
  [PROGRAM]: STAGE,
  "/etc/systemd/system/lab-cloud-init.service": UNIT,
  ...Object.fromEntries(
    STAGES.map(([unit, words]) => [`/etc/systemd/system/${unit}.service.d/lab.conf`, dropIn(words)]),
  ),
};
