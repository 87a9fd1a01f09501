import { secondsOf } from "../../private/duration";
import type { CloudInit } from "../cloud-init";
import type { MachineFile } from "../machine-file";
import { ownName } from "./host";
import { shellQuote, shellWords } from "./shell";
import { aptFiles, downloadCommands } from "./software";

const MODULES_FILE = "/etc/modules-load.d/vipstack.conf";
const SYSCTL_FILE = "/etc/sysctl.d/90-vipstack.conf";
const USERS_FILE = "/etc/sysusers.d/vipstack.conf";

/** Every file of a machine, the derived ones (modules, sysctls, units) included; without live content on request. */
export function bootFiles(model: CloudInit, content: { readonly live: boolean }): MachineFile[] {
  const units = model.units.flatMap(({ name, content: text }) =>
    text === undefined ? [] : [{ path: `/etc/systemd/system/${name}`, content: text }],
  );
  const live = model.liveFiles.map(({ path, content: text, mode }) => ({
    path,
    content: content.live ? text : "",
    mode,
  }));
  return [
    ...aptFiles(model.aptSources),
    ...moduleFile(model),
    ...sysctlFile(model),
    ...usersFile(model),
    ...model.files,
    ...units,
    ...live,
  ];
}

/**
 * What happens once on a machine after its files and packages are there, in the only order that works: downloads, modules, then
 * sysctls (`net.ipv4.vs.*` does not exist before the module), users, then units. At every later boot systemd keeps the same order.
 *
 * @param beforeUnits further commands, once systemd knows the units and before they are started
 */
export function startCommands(model: CloudInit, beforeUnits: readonly string[] = []): string[] {
  const modules = model.kernelModules;
  const enabled = model.units.filter(({ enable }) => enable !== false);
  const waited = enabled.filter(({ wait }) => wait !== false).map(({ name }) => name);
  const background = enabled.filter(({ wait }) => wait === false).map(({ name }) => name);
  return [
    ...(model.address === undefined ? [] : [ownName(model.address)]),
    ...downloadCommands(model.downloads),
    // Built-in modules (OrbStack's kernel, containers) make modprobe fail; whether the feature works is asked by `ready`.
    ...(modules.length > 0 ? [`modprobe --all ${shellWords(modules)} || true`] : []),
    ...(model.sysctls.length > 0 ? [`sysctl --quiet --load ${SYSCTL_FILE}`] : []),
    ...(model.users.length > 0 ? [`systemd-sysusers ${USERS_FILE}`] : []),
    // systemd reads its files once, not once for each command.
    ...(enabled.length > 0
      ? [`systemctl enable --quiet --no-reload ${shellWords(enabled.map(({ name }) => name))}`]
      : []),
    "systemctl daemon-reload",
    ...beforeUnits,
    ...(waited.length > 0 ? [`systemctl start ${shellWords(waited)}`] : []),
    ...(background.length > 0 ? [`systemctl start --no-block ${shellWords(background)}`] : []),
    ...model.commands,
    ...model.ready.map(
      ({ check, timeout }) =>
        `timeout ${secondsOf(timeout)} sh -c ${shellQuote(`until ${check}${endOf(check)} do sleep 1; done`)}`,
    ),
    // A power cut from here on must find no file empty: neither those above nor what the programs wrote at their first start.
    "sync",
  ];
}

/** After a comment only a new line ends a command. */
function endOf(check: string): string {
  return check.includes("#") ? "\n" : ";";
}

function moduleFile(model: CloudInit): MachineFile[] {
  const modules = model.kernelModules;
  return modules.length === 0 ? [] : [{ path: MODULES_FILE, content: modules.map((name) => `${name}\n`).join("") }];
}

function usersFile(model: CloudInit): MachineFile[] {
  const lines = model.users.map((name) => `u ${name} -\n`);
  return lines.length === 0 ? [] : [{ path: USERS_FILE, content: lines.join("") }];
}

function sysctlFile(model: CloudInit): MachineFile[] {
  const lines = model.sysctls.map(({ key, value, reason }) => `# ${reason}\n${key} = ${value}\n`);
  return lines.length === 0 ? [] : [{ path: SYSCTL_FILE, content: lines.join("") }];
}
