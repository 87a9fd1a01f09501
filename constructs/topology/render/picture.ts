import { Topology } from "../topology";
import { Box, Edge, Graph } from "./graph";
import { graphOf } from "./graph-of";
import { layOut } from "./layout";
import { renderSvg } from "./svg";

/** A part of a picture that something can be said of while it is looked at. */
export type PictureBox = Pick<Box, "id" | "kind" | "title" | "machines">;
export type PictureEdge = Pick<Edge, "id" | "to" | "flow">;

export interface Picture {
  readonly svg: string;
  readonly boxes: readonly PictureBox[];
  readonly edges: readonly PictureEdge[];
}

/** A topology as a picture. @param live with room for what is written into it while it is looked at */
export function drawTopology(topology: Topology, { live = false } = {}): Picture {
  const graph = graphOf(topology);
  const { name, machines } = topology;
  const title = `Topology of ${name}: ${machines.length} ${machines.length === 1 ? "machine" : "machines"}`;
  return { svg: renderSvg(layOut(graph, live), { title, description: description(graph) }), ...graph };
}

/** The edges as sentences. */
function description({ boxes, edges }: Graph): string {
  const titleOf = (id: string): string => boxes.find((box) => box.id === id)?.title ?? "";
  const sentences = edges.map(
    ({ from, to, label }) => `${titleOf(from.box)} leads to ${titleOf(to.box)}${label === "" ? "" : ` (${label})`}.`,
  );
  return [...new Set(sentences)].join(" ");
}
