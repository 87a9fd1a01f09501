import { Flow } from "./flow";
import { Panel } from "./picture";

/** What the picture is called, for those who can't see it. */
export const TITLE = "One request by masquerading and one by direct routing, as captured on all machines at once";

/** Folders of examples/ and what is written above them. */
export const EXAMPLES = [
  { example: "nat-gateway", title: "Masquerading (NAT)", subtitle: "the director is the real servers' gateway" },
  { example: "direct-routing", title: "Direct routing", subtitle: "the real servers have the VIP, too" },
] as const;

/** @param flows one an example, in their order */
export function panelsOf(flows: readonly Flow[]): Panel[] {
  return EXAMPLES.flatMap(({ title, subtitle }, index) => {
    const flow = flows[index];
    return flow === undefined ? [] : [{ title, subtitle, flow }];
  });
}
