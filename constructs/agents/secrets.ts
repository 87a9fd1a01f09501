import { join } from "node:path";
import { MachineFile, nodeModule, nodeProgram, PROGRAM_FOLDER } from "../machine";

/** A program that gives an agent its secrets. */
const AGENT_SECRETS = `${PROGRAM_FOLDER}/agent-secrets`;

/** An agent that gets its secrets after the first boot. */
export interface SecretsOfAgent {
  readonly user: string;
  /** Where they arrive, for root only. */
  readonly arrival: string;
  /** Where the agent reads them: a copy that its user can read, in memory only. */
  readonly copies: string;
  /** The agent's own files of gossip keys. */
  readonly rings: readonly string[];
}

/** The command before each start and each reload of an agent. */
export function takeSecrets({ user, arrival, copies, rings }: SecretsOfAgent): string {
  return [AGENT_SECRETS, user, arrival, copies, ...rings].join(" ");
}

/** The program of {@link takeSecrets}. */
export const agentSecretsProgram = (): MachineFile =>
  nodeProgram("agent-secrets", join(__dirname, "programs", "agent-secrets.sh"));

/** The module of the programs that make an agent's tokens. */
export const agentAccessModule = (): MachineFile => nodeModule(join(__dirname, "programs", "agent_access.py"));
