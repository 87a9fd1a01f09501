import { GatewayInstanceDescription } from "../../../constructs/deployment";
import { Cause } from "../cause";
import { Facts } from "../look";
import { answersOf, requestCommand } from "../request";
import { Scene } from "../scene";

/** APISIX answers that no route matches the request. */
export const GATEWAY_WITHOUT_ROUTE: Cause = {
  name: "gateway-without-route",
  looks: (scene) => instancesOf(scene).map(({ machine, ready }) => ({ machine, command: readyCommand(ready) })),
  decide: (scene, facts) => {
    const answers = answersOf(scene, facts);
    const refused = answers.filter(({ status, text }) => status === 404 && text.includes("404 Route Not Found"));
    if (refused.length === 0) return undefined;
    const routes = scene.deployment.gateways.flatMap((gateway) =>
      gateway.routes.map(({ id, requests }) => `${id} (${requests})`),
    );
    const lacking = instancesOf(scene).filter(({ ready, machine }) => lacksRoutes(facts, machine, ready));
    return {
      cause: `the gateway behind ${scene.endpoint} has no route for / (${refused.length} of ${answers.length} requests got 404 Route Not Found)`,
      evidence: [
        facts.evidence(scene.client, requestCommand(scene), / 404 |^404 /),
        ...lacking.map(({ machine, ready }) => facts.evidence(machine, readyCommand(ready))),
      ],
      cure: [
        routes.length > 0
          ? `send requests that one of its routes matches: ${routes.join(", ")}`
          : "add a route: new Route(…) in the program, or the gateway's Admin API",
        ...lacking.map(
          ({ machine }) =>
            `on ${machine}: journalctl --unit 'vipstack-gateway-*' --lines 20   (this instance did not get its routes)`,
        ),
      ],
    };
  },
};

function instancesOf({ deployment }: Scene): readonly GatewayInstanceDescription[] {
  return deployment.gateways
    .flatMap(({ instances }) => instances)
    .filter(({ machine }) => deployment.machines.some(({ name }) => name === machine));
}

function readyCommand(url: string): string {
  return `curl --silent --show-error --output /dev/null --max-time 5 --write-out 'status %{http_code}' ${url}`;
}

function lacksRoutes(facts: Facts, machine: string, ready: string): boolean {
  return (
    facts.output(machine, readyCommand(ready)) !== undefined && !facts.has(machine, readyCommand(ready), /status 200/)
  );
}
