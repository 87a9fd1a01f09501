import { typed } from "../../package";
import { Cause } from "../cause";
import { Facts, LOGIN, NOTHING } from "../look";
import { connectCommand, connectionsOf, connectLook, wasRefused } from "../request";
import { FixedServer, Scene } from "../scene";
import { lineOf } from "./commands";

/** The director's machine does not accept a login. */
export const DIRECTOR_AWAY: Cause = {
  name: "director-away",
  looks: ({ director }) => [{ machine: director, command: NOTHING }],
  decide: (scene, facts) => {
    const { director, endpoint } = scene;
    if (facts.reached(director)) return undefined;
    return {
      cause: `${director}, the director of ${endpoint}, does not accept a login: it is off, frozen or cut off from the network`,
      evidence: [facts.evidence(director, LOGIN)],
      cure: [powerOn(scene, director)],
    };
  },
  // Nearly all that is known of a service comes from its director.
  explains: ["arp-answered-by-real-server", "tunnel-mtu", "gateway-without-route"],
};

/** A real server of the program whose machine does not answer. Requests that the director sends to it get no answer. */
export const REAL_SERVER_AWAY: Cause = {
  name: "real-server-away",
  looks: (scene) => [...scene.serverMachines.map((machine) => ({ machine, command: NOTHING })), ...connectLook(scene)],
  decide: (scene, facts) => {
    const away = scene.active.filter((server) => isAway(scene, facts, server));
    if (away.length === 0) return undefined;
    const machines = [...new Set(away.map(({ machine }) => machine))];
    const names = machines.join(" and ");
    return {
      cause: `${names} ${machines.length > 1 ? "do" : "does"} not answer, so requests for ${scene.endpoint} that ${scene.director} sends there get no answer`,
      evidence: [
        ...machines.filter((name) => scene.knows(name)).map((name) => facts.evidence(name, LOGIN)),
        ...away
          .map((server) => scene.target(server))
          .filter((target) => connectionsOf(scene, facts).has(target))
          .map((target) => facts.evidence(scene.director, connectCommand(scene), lineOf(target))),
      ],
      cure: [
        ...machines.map((name) => powerOn(scene, name)),
        `until then, in the program: weight: 0 for ${names}, so that new requests go to the others`,
      ],
    };
  },
};

/** Whether neither a login nor the director's request was answered. A refusal is an answer. */
function isAway(scene: Scene, facts: Facts, server: FixedServer): boolean {
  if (facts.reached(server.machine)) return false;
  const answer = connectionsOf(scene, facts).get(scene.target(server));
  if (answer === undefined) return scene.knows(server.machine);
  return !answer.connected && !wasRefused(answer, false);
}

function powerOn({ deployment }: Scene, machine: string): string {
  const { labDirectory } = deployment.access;
  return labDirectory === undefined
    ? `switch ${machine} on, or find out why its network is down`
    : `${typed("lab", "power-on", machine, "--dir", labDirectory)}   (after a fault of the lab: heal or thaw in place of power-on)`;
}
