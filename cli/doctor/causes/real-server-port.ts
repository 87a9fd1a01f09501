import { Cause } from "../cause";
import { Facts } from "../look";
import { connectCommand, connectionsOf, connectLook, wasRefused } from "../request";
import { FixedServer, Scene, socket } from "../scene";
import { isHealthyInstance } from "./consul";
import { lineOf, onServers, SOCKETS } from "./commands";

/** The machine of a real server answers, and no server listens on the port to which the director sends requests. */
export const PORT_REFUSED: Cause = {
  name: "port-refused",
  looks: (scene) => [...connectLook(scene), ...onServers(scene, SOCKETS)],
  decide: (scene, facts) => {
    const { director, endpoint } = scene;
    const refused = scene.active.filter((server) => isRefused(scene, facts, server));
    // Of an instance that is not healthy the director does not know yet, or it drains.
    const followed = [...connectionsOf(scene, facts)].filter(([target]) => isHealthyInstance(scene, facts, target));
    const targets = [
      ...refused.map((server) => scene.target(server)),
      ...followed.flatMap(([target, answer]) => (wasRefused(answer, false) ? [target] : [])),
    ];
    if (targets.length === 0) return undefined;
    const machines = [...new Set(refused.map(({ machine }) => machine))].filter((name) => scene.knows(name));
    const where = targets.join(" and ");
    return {
      cause: `no server listens on ${where}, so requests for ${endpoint} that ${director} sends there are refused`,
      evidence: [
        ...targets.map((target) => facts.evidence(director, connectCommand(scene), lineOf(target))),
        ...machines.map((name) => facts.evidence(name, SOCKETS)),
      ],
      cure:
        machines.length === 0
          ? [`start the server on ${where}`]
          : machines.map(
              (name) =>
                `on ${name}: systemctl --failed; then start the server (the library's Caddy: systemctl restart caddy)`,
            ),
    };
  },
};

function isRefused(scene: Scene, facts: Facts, server: FixedServer): boolean {
  const { machine, forwarding } = server;
  const answer = connectionsOf(scene, facts).get(scene.target(server));
  if (answer === undefined || !wasRefused(answer, facts.reached(machine))) return false;
  // With the VIP on its own machine a server may listen on that address alone.
  const onVip = facts.lines(machine, SOCKETS).some((line) => line.includes(` ${socket(scene.address, scene.port)} `));
  return forwarding.method === "masquerading" || !onVip;
}
