import { instance } from "@viz-js/viz";
import { DeploymentDescription } from "../../constructs/deployment";
import { renderDot } from "./dot-text";

/** The picture as SVG, laid out by Graphviz. */
export async function renderChain(deployment: DeploymentDescription): Promise<string> {
  return (await instance()).renderString(renderDot(deployment), { format: "svg", engine: "dot" });
}
