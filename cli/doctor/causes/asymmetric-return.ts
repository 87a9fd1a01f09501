import { Cause } from "../cause";
import { Facts } from "../look";
import { Packet } from "../packets";
import { Scene } from "../scene";
import { captureCommand, ENTRIES, packetsOf } from "../watch";
import { natRules, onDirector } from "./commands";

const TRACKING = "sysctl net.ipv4.vs.conntrack";

/** A real server answers the client directly. The client has no connection with it, and the director never sees the answer. */
export const ASYMMETRIC_RETURN: Cause = {
  name: "asymmetric-return",
  looks: (scene) => onDirector(scene, natRules(scene), ...(scene.hasTable ? [TRACKING] : [])),
  decide: (scene, facts) => {
    const { client, director, endpoint } = scene;
    const masqueraded = [scene, ...scene.servers].some(({ forwarding }) => forwarding.method === "masquerading");
    const strays = packetsOf(scene, facts, client).filter(
      (packet) => !packet.outgoing && packet.from !== scene.address && packet.flags === "S.",
    );
    const [stray] = strays;
    if (!masqueraded || stray === undefined) return undefined;
    const snat = [scene, ...scene.servers].some(({ forwarding }) => forwarding.snat);
    return {
      cause: `the real server ${stray.from}:${stray.fromPort} answers ${client} directly, not through ${director}, so ${client} discards the answer and ${scene.hasTable ? `the entry of ${endpoint} stays in SYN_RECV` : `no connection to ${endpoint} opens`}`,
      evidence: [
        ...(scene.hasTable ? [facts.evidence(director, ENTRIES, /SYN_RECV/, 2)] : []),
        {
          machine: client,
          command: captureCommand(scene),
          lines: [...strays, ...resetsOf(scene, facts, stray)].slice(0, 3).map(({ line }) => line),
        },
        ...(snat && scene.hasTable ? [facts.evidence(director, TRACKING)] : []),
        ...(snat ? [facts.evidence(director, natRules(scene), /SNAT|MASQUERADE/, 3)] : []),
      ],
      cure: snat ? cureOfSnat(scene, facts) : [WITHOUT_SNAT],
    };
  },
  explains: ["invalid-retracked", "packet-loss", "machine-stands-still"],
};

const WITHOUT_SNAT =
  "in the program: forwarding: ForwardingMethod.masquerading({ snat: true }); or ForwardingMethod.directRouting(); or real servers in a subnet of their own whose gateway is the director";

/** The program asks for SNAT, so its rules or the setting that it needs are missing on the director. */
function cureOfSnat({ director, hasTable }: Scene, facts: Facts): string[] {
  if (hasTable && facts.setting(director, TRACKING, "net.ipv4.vs.conntrack") === 0)
    return [
      `on ${director}: sysctl --write net.ipv4.vs.conntrack=1   (SNAT sees only connections that IPVS registers in connection tracking)`,
      "in the program: leave out `conntrack: false`, if it is there",
    ];
  return [`on ${director}: systemctl reload-or-restart vipstack-iptables   (it writes the SNAT rules again)`];
}

function resetsOf(scene: Scene, facts: Facts, { from, fromPort }: Packet): Packet[] {
  return packetsOf(scene, facts, scene.client).filter(
    (one) => one.outgoing && one.to === from && one.toPort === fromPort && one.flags.includes("R"),
  );
}
