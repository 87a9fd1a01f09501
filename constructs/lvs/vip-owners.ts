import { IConstruct } from "constructs";
import { areNeighbours, hasAddress, IMachine, neighboursOf } from "../machine";
import { Failure } from "../private/failure";
import { Finding, Refusal } from "./refusal";

/** What of a virtual service counts for others. */
export interface VipOwner {
  readonly director: IMachine;
  readonly vips: readonly string[];
  readonly acknowledges: (refusal: Refusal) => boolean;
}

const owners = new WeakMap<IConstruct, VipOwner>();

/** Takes a virtual service among those that are looked at together. */
export function ownVips(service: IConstruct, owner: VipOwner): void {
  owners.set(service, owner);
}

/** VIPs that other machines of the program have as their own addresses. Known once the program is whole. */
export function takenVips({ director, vips }: VipOwner): Failure[] {
  const others = neighboursOf(director);
  return vips.flatMap((vip) =>
    others
      .filter((other) => hasAddress(other, vip))
      .map((other) => ({
        property: "address",
        rule: `can't be an address of ${other.node.path} (${other.name}), which answers for it, too`,
        got: vip,
        cure: "choose a VIP that no machine has",
      })),
  );
}

/**
 * VIPs that another director has, too. Said once for a pair, at the second one of the program; acknowledged at either. Known
 * once the program is whole.
 */
export function sharedVips(service: IConstruct): Finding[] {
  const mine = owners.get(service);
  if (mine === undefined) return [];
  const all = service.node.root.node.findAll();
  const refusal = Refusal.VIP_ON_TWO_DIRECTORS;
  return all.flatMap((other) => {
    const theirs = owners.get(other);
    if (theirs === undefined || theirs.director === mine.director) return [];
    if (!areNeighbours(theirs.director, mine.director)) return [];
    const isSecond = all.indexOf(other) < all.indexOf(service) && !theirs.acknowledges(refusal);
    if (!mine.acknowledges(refusal) && !isSecond) return [];
    return mine.vips
      .filter((vip) => theirs.vips.includes(vip))
      .map((vip) => ({
        refusal,
        failure: {
          property: "address",
          rule: `can't be a VIP of ${other.node.path}, too, because ${theirs.director.name} and ${mine.director.name} then both answer for it, and which one a client meets is chance`,
          got: vip,
          cure: "give each director a VIP of its own",
        },
      }));
  });
}
