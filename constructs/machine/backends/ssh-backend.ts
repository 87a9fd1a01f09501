import { resolve } from "node:path";
import { Construct } from "constructs";
import type { BackendFactory, IBackend, MachineAccess, MachineDescription, MachineLifecycle } from "../backend";
import { renderPushScript, renderSetupScript, renderTeardownScript } from "../render/setup";

/** Properties of the backend for hosts that exist. */
export interface SshBackendProps {
  /** OpenSSH client configuration in which each machine's name is a `Host`. @default - the one that `ssh NAME` uses */
  readonly configFile?: string;
  /** Whether the scripts are run by `sudo -n`. @default true */
  readonly sudo?: boolean;
}

/**
 * Hosts that exist, prepared over ssh. `ssh NAME` must work without a prompt. The machine's model becomes one script that can run
 * repeatedly. It never changes the host's network configuration or its name. If the program gives an MTU, the script fails unless the host
 * has it.
 *
 * @see https://man.openbsd.org/ssh_config
 */
export class SshBackend extends Construct implements IBackend {
  /** Factory for an inventory: `backend: SshBackend.factory()`. */
  static factory(props: SshBackendProps = {}): BackendFactory {
    return (scope) => new SshBackend(scope, "hosts", props);
  }

  /** ssh configuration of the hosts. */
  readonly access: MachineAccess;
  private readonly shell: string;

  constructor(scope: Construct, id: string, props: SshBackendProps = {}) {
    super(scope, id);
    const configFile = props.configFile === undefined ? undefined : resolve(props.configFile);
    this.access = { existingHosts: true, ...(configFile !== undefined && { sshConfigFile: configFile }) };
    this.shell = props.sudo === false ? "sh -s" : "sudo -n sh -s";
  }

  /** @see IBackend.bind */
  bind({ name, model }: MachineDescription): MachineLifecycle {
    const { sshConfigFile } = this.access;
    const config = sshConfigFile === undefined ? "" : '-F "$SSH_CONFIG_FILE" ';
    const paths = sshConfigFile === undefined ? undefined : { SSH_CONFIG_FILE: sshConfigFile };
    const shell = { command: `ssh ${config}-o BatchMode=yes ${name} ${this.shell}`, paths };
    const run = (file: string) => ({ ...shell, command: `${shell.command} < machines/${name}/${file}` });
    return {
      create: run("setup.sh"),
      destroy: run("teardown.sh"),
      push: run("live.sh"),
      shell,
      documents: () => ({
        [`machines/${name}/setup.sh`]: renderSetupScript(model),
        [`machines/${name}/teardown.sh`]: renderTeardownScript(model),
        [`machines/${name}/live.sh`]: renderPushScript(model),
      }),
    };
  }
}
