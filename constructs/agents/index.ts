export {
  AgentProfile,
  serverCountProblems,
  validateAdvertiseAddress,
  validateAgentName,
  validateFurtherServer,
  validateHttpAddress,
} from "./agent";
export { Installation, installationFor, Installed, ReleaseOptions, VendorAptOptions } from "./installation";
export { Provided } from "./provided";
export { ConfigBody, ConfigValue, renderConfig } from "./render/config";
export { HARDENED } from "./render/hardening";
export { AgentUnit, agentUnit } from "./render/unit";
export { agentAccessModule, agentSecretsProgram, SecretsOfAgent, takeSecrets } from "./secrets";
export { SnapshotOptions, Snapshots } from "./snapshots";
