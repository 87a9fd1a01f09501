import { Picture, PictureBox, PictureEdge, Topology } from "../../constructs/topology";
import { ServerNow, socket, ViewModel } from "./model";
import { Mood } from "./mood";

/** What is written into a box or onto an edge of the picture. */
export interface Mark {
  readonly text: string;
  readonly mood: Mood;
}

/** The marks of a picture, by the id of the box or the edge. */
export function marksOf(
  topology: Topology,
  { boxes, edges }: Pick<Picture, "boxes" | "edges">,
  model: ViewModel,
): Record<string, Mark> {
  return Object.fromEntries([
    ...boxes.flatMap((box) => {
      const mark = box.kind === "job" ? jobMark(topology, box, model) : machinesMark(box, model);
      return mark === undefined ? [] : [[box.id, mark] as const];
    }),
    ...edges.flatMap(({ id, flow }) => (flow === undefined ? [] : [[id, flowMark(flow, model)] as const])),
  ]);
}

function flowMark(flow: NonNullable<PictureEdge["flow"]>, { servers, directors, machines }: ViewModel): Mark {
  if (!directors.includes(flow.director)) return { text: "not known", mood: "warn" };
  const own = servers.filter((server) => isOf(flow, server));
  if (own.length === 0) return { text: "no real server", mood: "bad" };
  const numbers = own.flatMap((server) => server.numbers ?? []);
  if (numbers.length === 0) return { text: "in the rules", mood: "" };
  const perSecond = numbers.reduce((sum, one) => sum + one.perSecond, 0);
  const open = numbers.reduce((sum, one) => sum + one.open, 0);
  const weights = numbers.map(({ weight }) => weight);
  // The edge of a whole virtual service has no weight.
  if (flow.addresses === undefined) return { text: `${perSecond}/s`, mood: perSecond > 0 ? "good" : "" };
  if (weights.every((weight) => weight === 0)) {
    const drains = numbers.some(({ drainSeconds }) => drainSeconds !== undefined);
    return { text: drains ? `drains, ${open} open` : `weight 0, ${open} open`, mood: "warn" };
  }
  const [least, most] = [Math.min(...weights), Math.max(...weights)];
  const weight = least === most ? `${least}` : `${least} to ${most}`;
  // Connections that begin to a machine without power are no good sign.
  const lost = own.some((server) => machines.some(({ name, mood }) => name === server.machine && mood === "bad"));
  return { text: `${perSecond}/s, weight ${weight}`, mood: lost ? "bad" : perSecond > 0 ? "good" : "" };
}

function isOf({ director, services, addresses, port }: NonNullable<PictureEdge["flow"]>, server: ServerNow): boolean {
  if (server.director !== director || !services.includes(server.service)) return false;
  if (addresses === undefined) return true;
  return addresses.some((address) =>
    port === undefined
      ? server.address.replace(/:\d+$/, "") === socket(address, 0).replace(/:0$/, "")
      : server.address === socket(address, port),
  );
}

/** A state in words, and for a box of many machines how many are well. */
function machinesMark(box: PictureBox, { machines, checks = [] }: ViewModel): Mark | undefined {
  const own = machines.filter(({ name }) => box.machines.includes(name));
  const [first] = own;
  if (first === undefined) return undefined;
  const critical = new Set(checks.filter(({ mood }) => mood === "bad").map(({ node }) => node));
  const well = own.filter(({ name, mood }) => mood === "good" && !critical.has(name));
  if (own.length > 1)
    return { text: `${well.length} of ${own.length} well`, mood: well.length === own.length ? "good" : "bad" };
  const { state, mood } = first;
  if (mood === "good" && critical.has(first.name)) return { text: "unhealthy", mood: "bad" };
  return { text: state === "does not answer" ? "no answer" : state, mood };
}

function jobMark({ jobs }: Topology, { title, machines }: PictureBox, { instances }: ViewModel): Mark {
  if (instances === undefined) return { text: "not known", mood: "warn" };
  const job = jobs.find(({ name }) => title === `job ${name}`);
  const own = instances.filter((instance) => instance.job === job?.name);
  const healthy = own.filter(({ mood }) => mood === "good").length;
  const wanted = job === undefined || job.type.startsWith("sys") ? machines.length : job.count;
  return { text: `${healthy} of ${wanted} well`, mood: healthy >= wanted ? "good" : "bad" };
}
