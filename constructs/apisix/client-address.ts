import { addressUses, AddressUse, believes, covers, pluginsOf } from "./client-address-rules";
import { GatewayObject, IGateway } from "./gateway-end";
import { Behind, InFront, inFrontOf } from "./in-front";

/** What an object would do by a client's address that a director in front of its gateway hides; sentences for a warning. */
export function hiddenAddressWarnings(gateway: IGateway & Partial<Behind>, object: GatewayObject): string[] {
  const uses = addressUses(object);
  const realIp = pluginsOf(object.document)["real-ip"];
  if (uses.length === 0 && realIp === undefined) return [];
  const hiding = inFrontOf(gateway).filter(
    ({ virtualService, director }) =>
      virtualService.forwarding.snat &&
      !director.addresses.some(({ address }) => covers(gateway.trustedAddresses ?? [], address)),
  );
  return unique(hiding).flatMap((front) => warningsBehind(front, uses, realIp, gateway._objects, object));
}

/** One a director is enough. */
function unique(fronts: readonly InFront[]): InFront[] {
  return fronts.filter((front, index) => fronts.findIndex(({ director }) => director === front.director) === index);
}

function warningsBehind(
  { virtualService, director }: InFront,
  uses: readonly AddressUse[],
  realIp: Record<string, unknown> | undefined,
  all: readonly GatewayObject[],
  object: GatewayObject,
): string[] {
  const addresses = director.addresses.map(({ address }) => address);
  const [by, scope] = [virtualService.node.path, virtualService.node.scope?.node.path ?? ""];
  const cure =
    `use forwarding: ForwardingMethod.directRouting() for ${by}, or ForwardingMethod.masquerading() without SNAT, with the ` +
    "director as the gateway's default gateway";
  if (realIp !== undefined && !believes(realIp, addresses))
    return [
      `'plugins.real-ip' does nothing: every request comes from the address of director ${scope}, and 'trustedAddresses' has none of ` +
        `${addresses.join(", ")}: add it where an HTTP proxy in front of the director says who the client is; else ${cure}`,
    ];
  if (saysIt(object, all, addresses)) return [];
  return uses.map(
    ({ at, does }) =>
      `'${at}' ${does}, and all clients have one address here: director ${scope} puts its own in place of the client's (SNAT of ${by}): ${cure}`,
  );
}

/** Whether a `real-ip` runs for it that believes the director: the object's own, its service's, or a global one. */
function saysIt({ document }: GatewayObject, all: readonly GatewayObject[], addresses: readonly string[]): boolean {
  const others = all.filter(
    ({ kind, id }) => kind === "global_rules" || (kind === "services" && id === document.service_id),
  );
  return [document, ...others.map((each) => each.document)].some((each) => {
    const realIp = pluginsOf(each)["real-ip"];
    return realIp !== undefined && believes(realIp, addresses);
  });
}
