export { IBackend, MachineAccess, MachineDescription, MachineLifecycle, Software, SoftwareName } from "./backend";
export { LabBackend, LabBackendProps, LabForward } from "./backends/lab-backend";
export { OrbStackBackend, OrbStackBackendProps } from "./backends/orbstack-backend";
export { SshBackend, SshBackendProps } from "./backends/ssh-backend";
export { ADDRESSES_UNIT } from "./address-file";
export { renderCloudConfig } from "./cloud-config-text";
export { CloudInit, CloudInitProps } from "./cloud-init";
export {
  AptSource,
  Contribution,
  Download,
  LazyContribution,
  LiveFile,
  MachineFile,
  PortClaim,
  ReadyCheck,
  SecretFile,
  Sysctl,
  Unit,
} from "./contribution";
export { DockerEngine, DockerEngineProps } from "./docker";
export { ForeignMachineAttributes } from "./foreign-machine";
export { Machine, MachineProps } from "./machine";
export { IMachine } from "./machine-end";
export { nodeModule, nodeProgram, PROGRAM_FOLDER } from "./node-program";
export { shellQuote } from "./shell-quote";
export { renderPushScript, renderSetupScript, renderTeardownScript } from "./setup-script";
export { areNeighbours, backendAddresses, hasAddress, neighboursWith } from "./neighbours";
export {
  describeUnusable,
  InterfaceAddress,
  normalizeAddress,
  normalizeSubnet,
  parseInterfaceAddress,
  subnetContains,
} from "./subnet";
export { oneshotUnit, OneshotUnitProps, UNIT_SECONDS } from "./systemd-unit-text";
export { TRACKED_CONNECTIONS } from "./tracked-connections";
