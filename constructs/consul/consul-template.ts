import { Installation, installationFor, Installed } from "../agents";
import { IMachine } from "../machine";
import { Failure } from "../private/failure";
import type { IConsulCluster } from "./consul-cluster";

/** Memory in MiB that consul-template needs, about. */
export const CONSUL_TEMPLATE_MEMORY = 32;

/**
 * The consul-template of a machine: what was asked for, else what its cluster says, else what the machine's backend offers.
 *
 * @returns failures where there is none or it can't be right
 */
export function consulTemplateFor(
  machine: IMachine,
  consul: IConsulCluster,
  asked: Installation | undefined,
): Installed | Failure[] {
  const installation = installationFor("consul-template", machine, asked ?? consul.consulTemplate);
  const failures = installation._failures("consulTemplate");
  return failures.length > 0 ? failures : installation._of("consul-template");
}
