export { Picture, PictureBox, PictureEdge, drawTopology } from "./render/picture";
export { surveyTopology } from "./survey";
export {
  Topology,
  TopologyCluster,
  TopologyDirector,
  TopologyGateway,
  TopologyJob,
  TopologyMachine,
  TopologyRealServer,
  TopologyService,
  TopologyVirtualService,
} from "./topology";
