export {
  Deployment,
  DEPLOYMENT_FILE,
  DeploymentDescription,
  DeploymentProps,
  DeployedMachine,
  VirtualServiceDescription,
} from "./deployment";
export {
  PROVIDER_FILE,
  ProviderDeployment,
  ProviderDeploymentProps,
  ProviderDescription,
  ProviderName,
} from "./provider-deployment";
