export {
  Deployment,
  DEPLOYMENT_FILE,
  DeploymentDescription,
  DeploymentProps,
  DeployedMachine,
  GatewayDescription,
  GatewayInstanceDescription,
  TOPOLOGY_FILE,
  TOPOLOGY_PICTURE,
  VirtualServiceDescription,
} from "./deployment";
export { MachineContents } from "./machine-contents";
export {
  PROVIDER_FILE,
  ProviderDeployment,
  ProviderDeploymentProps,
  ProviderDescription,
  ProviderName,
  ProviderSecrets,
} from "./provider-deployment";
export { protectStateFolder } from "./state-folder";
