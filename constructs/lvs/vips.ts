import { IConstruct } from "constructs";
import { areNeighbours, IMachine, neighboursWith } from "../machine";
import { Failure } from "../private/failure";
import { WholeProgram } from "../private/whole-program";
import { Finding, Refusal } from "./refusals";

/** What of a virtual service counts for others. */
export interface VipOwner {
  readonly director: IMachine;
  readonly vips: readonly string[];
  readonly acknowledges: (refusal: Refusal) => boolean;
}

/** A virtual service that has a VIP, and its position among all of the program. */
interface Owned extends VipOwner {
  readonly service: IConstruct;
  readonly position: number;
}

/** By VIP, then by director: one director may have thousands of virtual services on a VIP. */
type Vips = Map<string, Map<IMachine, Owned[]>>;

const owners = new WholeProgram<VipOwner, { byVip: Vips; positions: ReadonlyMap<IConstruct, number> }>((all) => {
  const byVip: Vips = new Map();
  all.forEach(({ by: service, what }, position) => {
    for (const vip of what.vips) {
      const byDirector = byVip.get(vip) ?? new Map<IMachine, Owned[]>();
      byVip.set(vip, byDirector);
      const owned = byDirector.get(what.director) ?? [];
      byDirector.set(what.director, owned);
      owned.push({ ...what, service, position });
    }
  });
  return { byVip, positions: new Map(all.map(({ by }, position) => [by, position])) };
});

/** Takes a virtual service among those that are looked at together. */
export function ownVips(service: IConstruct, owner: VipOwner): void {
  owners.tell(service, owner);
}

/** VIPs that other machines of the program have as their own addresses. Known once the program is whole. */
export function takenVips({ director, vips }: VipOwner): Failure[] {
  return vips.flatMap((vip) =>
    neighboursWith(director, vip).map((other) => ({
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
  const mine = owners.toldBy(service);
  if (mine === undefined) return [];
  const { byVip, positions } = owners.below(service.node.root);
  const position = positions.get(service) ?? 0;
  const refusal = Refusal.VIP_ON_TWO_DIRECTORS;
  return mine.vips
    .flatMap((vip) => {
      return [...(byVip.get(vip) ?? [])]
        .filter(([director]) => director !== mine.director && areNeighbours(director, mine.director))
        .flatMap(([, owned]) => owned)
        .filter((theirs) => mine.acknowledges(refusal) || (theirs.position < position && !theirs.acknowledges(refusal)))
        .map((theirs) => ({ vip, theirs }));
    })
    .sort((one, other) => one.theirs.position - other.theirs.position)
    .map(({ vip, theirs }) => ({
      refusal,
      failure: {
        property: "address",
        rule: `can't be a VIP of ${theirs.service.node.path}, too, because ${theirs.director.name} and ${mine.director.name} then both answer for it, and a client reaches one of them arbitrarily`,
        got: vip,
        cure: "give each director a VIP of its own",
      },
    }));
}
