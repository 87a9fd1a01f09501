import { Cause } from "../cause";
import { Scene } from "../scene";
import { answersOf, cameThrough, requestCommand, uploadCommand } from "../request";
import { iptables, LINKS } from "./commands";

const DEVICE = "tunl0";
const FILTERS = ["all", DEVICE].map((name) => `net.ipv4.conf.${name}.rp_filter`);
const REVERSE_PATH_FILTER = `sysctl ${FILTERS.join(" ")}`;

/** The kernel of a real server drops the packets of a tunnel, because their answers would leave by another interface. */
export const REVERSE_PATH: Cause = {
  name: "rp-filter",
  looks: (scene) =>
    scene.address.includes(":")
      ? []
      : scene.direct("tunneling").map((machine) => ({ machine, command: REVERSE_PATH_FILTER })),
  decide: (scene, facts) => {
    // The larger of the two values counts; 2 accepts packets to whose source there is any route.
    const strict = scene.direct("tunneling").filter((machine) => {
      const values = FILTERS.map((key) => facts.setting(machine, REVERSE_PATH_FILTER, key) ?? 0);
      return Math.max(...values) === 1;
    });
    if (strict.length === 0) return undefined;
    const names = strict.join(" and ");
    return {
      cause: `rp_filter on ${names} drops packets for ${scene.endpoint} that come out of the tunnel, because their answers would leave by another interface`,
      evidence: strict.map((machine) => facts.evidence(machine, REVERSE_PATH_FILTER)),
      cure: [
        `on ${names}: sysctl --write ${FILTERS.map((key) => `${key}=0`).join(" ")}   (\`sysctl --system\` sets all values of the library again)`,
      ],
    };
  },
};

/** The tunnel's device of a real server is down. */
export const TUNNEL_CLOSED: Cause = {
  name: "tunnel-closed",
  looks: (scene) => scene.direct("tunneling").map((machine) => ({ machine, command: LINKS })),
  decide: (scene, facts) => {
    // IPv6 has a device of its own.
    const device = scene.address.includes(":") ? "ip6tnl0" : DEVICE;
    const closed = scene
      .direct("tunneling")
      .filter(
        (machine) =>
          facts.knows(machine, LINKS) && !facts.has(machine, LINKS, new RegExp(` ${device}[@:].*[<,]UP[,>]`)),
      );
    if (closed.length === 0) return undefined;
    const names = closed.join(" and ");
    return {
      cause: `the device ${device} of ${names} is not up, so packets for ${scene.endpoint} do not come out of the tunnel there`,
      evidence: closed.map((machine) => facts.evidence(machine, LINKS, new RegExp(` ${device}[@:]`))),
      cure: [`on ${names}: systemctl restart vipstack-${device}`],
    };
  },
};

/** Small requests through a tunnel are answered, large ones hang: full packets do not fit, and messages about it get lost. */
export const TUNNEL_MTU: Cause = {
  name: "tunnel-mtu",
  looks: (scene) => [
    ...scene.direct("tunneling").map((machine) => ({ machine, command: segments(scene) })),
    ...(scene.direct("tunneling").length > 0 ? [{ machine: scene.director, command: drops(scene) }] : []),
  ],
  decide: (scene, facts) => {
    const servers = scene.direct("tunneling");
    const small = answersOf(scene, facts);
    const large = answersOf(scene, facts, uploadCommand(scene));
    const hung = large.filter((answer) => answer.connected && !cameThrough(answer));
    if (servers.length === 0 || small.length === 0 || !small.every(cameThrough) || hung.length === 0) return undefined;
    const unclamped = servers.filter((machine) => !facts.has(machine, segments(scene), /TCPMSS/));
    const machines = unclamped.length > 0 ? unclamped : servers;
    return {
      cause: `full packets do not fit into the tunnel from ${scene.director} to ${machines.join(" and ")}: small requests to ${scene.endpoint} are answered, ${hung.length} of ${large.length} large ones hang`,
      evidence: [
        facts.evidence(scene.client, requestCommand(scene)),
        facts.evidence(scene.client, uploadCommand(scene)),
        ...machines.map((machine) => facts.evidence(machine, segments(scene), /POSTROUTING/)),
        ...(facts.has(scene.director, drops(scene), /icmp.*DROP/)
          ? [facts.evidence(scene.director, drops(scene), /icmp.*DROP/)]
          : []),
      ],
      cure: [
        ...(unclamped.length > 0
          ? unclamped.map(
              (machine) =>
                `on ${machine}: systemctl restart vipstack-iptables   (its TCPMSS rule makes clients send smaller segments)`,
            )
          : ["in the program: `mtu` of the machines, the largest packet that their network carries"]),
        "let ICMP 'fragmentation needed' ('packet too big' of IPv6) pass wherever a firewall drops it",
      ],
    };
  },
};

function segments(scene: Scene): string {
  return `${iptables(scene)} -t mangle -S`;
}

function drops(scene: Scene): string {
  return `${iptables(scene)} -S`;
}
