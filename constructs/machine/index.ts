export { LocalCommand } from "../private/terraform-data";
export {
  BackendFactory,
  BackendRequest,
  Farewell,
  IBackend,
  MachineAccess,
  MachineDescription,
  MachineLifecycle,
} from "./backend";
export { LabBackend, LabBackendProps, LabForward } from "./backends/lab-backend";
export { OrbStackBackend, OrbStackBackendProps } from "./backends/orbstack-backend";
export { SshBackend, SshBackendProps } from "./backends/ssh-backend";
export { ADDRESSES_UNIT } from "./address-file";
export { renderCloudConfig, userDataFiles } from "./render/cloud-config";
export { CloudInit, CloudInitProps } from "./cloud-init";
export { Contribution, LazyContribution, ReadyCheck, RemovalSteps, Sysctl } from "./contribution";
export { LiveFile, MachineFile, SecretFile } from "./machine-file";
export { canBeLimited, PortClaim } from "./port-claim";
export { Unit } from "./unit";
export { DockerEngine, DockerEngineProps } from "./docker";
export { farewellCommand } from "./farewell";
export { Machine, MachineAttributes, MachineProps } from "./machine";
export { IMachine } from "./machine";
export { nodeModule, nodeProgram, PROGRAM_FOLDER } from "./program";
export { shellQuote } from "./render/shell";
export { renderPushScript, renderSetupScript, renderTeardownScript } from "./render/setup";
export { AptSource, Download, Software, SoftwareName } from "./software";
export { areNeighbours, backendAddresses, hasAddress, neighboursWith } from "./neighbours";
export {
  describeUnusable,
  InterfaceAddress,
  networkOf,
  normalizeAddress,
  normalizeSubnet,
  parseInterfaceAddress,
  subnetContains,
} from "./subnet";
export { oneshotUnit, OneshotUnitProps, UNIT_SECONDS } from "./render/unit";
export { TRACKED_CONNECTIONS } from "./tracked-connections";
