export {
  Deployment,
  DEPLOYMENT_FILE,
  DeploymentDescription,
  DeploymentProps,
  VirtualServiceDescription,
} from "./deployment";
