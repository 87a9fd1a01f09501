import { DeploymentDescription } from "../../constructs/deployment";
import { Topology } from "../../constructs/topology";
import { page } from "../package";
import { CAUSES } from "./causes";
import { Finding, findingText } from "./finding";
import { Facts, Look, lookAt, LOGIN, NOTHING, Seen } from "./look";
import {
  Answer,
  answersOf,
  cameThrough,
  canBeAsked,
  connectionsOf,
  requestCommand,
  requestLooks,
  sentAgain,
  uploadCommand,
} from "./request";
import { Scene } from "./scene";
import { RETRANSMITTED_BEFORE, watch } from "./watch";

/** Result for one address and port of a virtual service. */
export interface Examination {
  readonly deployment: string;
  /** `192.168.139.29:80` */
  readonly service: string;
  readonly protocol: string;
  readonly director: string;
  /** Machine that sent the requests. */
  readonly client: string;
  /** Requests and how many of them were answered. @default - curl can't send requests to it */
  readonly requests?: { readonly answered: number; readonly of: number; readonly slowestSeconds: number };
  /** Causes, the most certain one first; empty if nothing is wrong. */
  readonly findings: readonly Finding[];
  /** Everything that was looked at: machine to command to output. */
  readonly seen: Seen;
}

/** After this time TCP sends the first packet of a connection again. */
const SLOW_SECONDS = 1;

/**
 * Examines a deployment's virtual services: first tables and settings of all machines. If a service does not answer, or is slow, for no
 * reason that these show, it records the packets of some requests.
 *
 * @param show called with each step, as text that follows a name
 * @param client machine that sends the requests. @default - the deployment's client, or a machine that is no director and no real server
 */
export async function examine(
  deployment: DeploymentDescription,
  topology: Topology,
  show: (line: string) => void,
  client?: string,
): Promise<Examination[]> {
  return examineScenes(Scene.all(deployment, topology, client), show);
}

/** The same for some of the virtual services of one deployment. */
export async function examineScenes(scenes: readonly Scene[], show: (line: string) => void): Promise<Examination[]> {
  const [first] = scenes;
  if (first === undefined) return [];
  show(`looks at ${first.deployment.machines.length} machines`);
  const facts = await lookAt(first.deployment, scenes.flatMap(looksOf));
  const examinations: Examination[] = [];
  for (const one of scenes) {
    const scene = one.follows === undefined ? one : one.withFollowed([...connectionsOf(one, facts).keys()]);
    let seen = facts;
    if (needsPackets(scene, facts)) {
      show(`records the packets of some requests to ${scene.endpoint}`);
      seen = facts.and((await watch(scene, facts)).seen);
    }
    examinations.push(examinationOf(scene, seen));
  }
  return examinations;
}

/** What is looked at for one service, without its packets. */
export function looksOf(scene: Scene): readonly Look[] {
  return [
    ...requestLooks(scene),
    { machine: scene.client, command: NOTHING },
    ...CAUSES.flatMap((cause) => cause.looks(scene)),
  ];
}

/** Findings of all causes. Those that another cause explains are left out. */
export function findingsOf(scene: Scene, facts: Facts): Finding[] {
  const found = CAUSES.flatMap((cause) => {
    const finding = cause.decide(scene, facts);
    return finding === undefined ? [] : [{ cause, finding: { name: cause.name, ...finding } }];
  });
  const explained = new Set(found.flatMap(({ cause }) => cause.explains ?? []));
  return found.filter(({ cause }) => !explained.has(cause.name)).map(({ finding }) => finding);
}

/** Whether requests fail or are slow, and tables and settings do not show why. */
export function needsPackets(scene: Scene, facts: Facts): boolean {
  if (!canBeAsked(scene) || !facts.reached(scene.client) || !facts.reached(scene.director)) return false;
  if (findingsOf(scene, facts).length > 0) return false;
  const answers = allAnswers(scene, facts);
  return sentAgain(scene, facts) > 0 || answers.some((answer) => !cameThrough(answer) || answer.seconds > SLOW_SECONDS);
}

/** @param facts everything that was seen, packets too if they were recorded */
export function examinationOf(scene: Scene, facts: Facts): Examination {
  const answers = allAnswers(scene, facts);
  const answered = answers.filter(cameThrough).length;
  const findings = findingsOf(scene, facts);
  // Requests that could not be sent are as bad as those that were not answered.
  const failed = canBeAsked(scene) && (answers.length === 0 || answered < answers.length);
  return {
    deployment: scene.deployment.name,
    service: scene.endpoint,
    protocol: scene.protocol,
    director: scene.director,
    client: scene.client,
    ...(answers.length > 0 && {
      requests: { answered, of: answers.length, slowestSeconds: Math.max(...answers.map(({ seconds }) => seconds)) },
    }),
    findings: findings.length === 0 && failed ? [unknown(scene, facts)] : findings,
    seen: facts.seen,
  };
}

/** Requests failed, and no known cause is there. */
function unknown(scene: Scene, facts: Facts): Finding {
  const { client, endpoint } = scene;
  if (!facts.reached(client))
    return {
      name: "client-away",
      cause: `${client}, which should send the requests to ${endpoint}, does not accept a login`,
      evidence: [facts.evidence(client, LOGIN)],
      cure: ["choose another machine: vipstack doctor --from MACHINE"],
    };
  const packets = facts.output(client, RETRANSMITTED_BEFORE) === undefined ? "; packets were not recorded" : "";
  return {
    name: "unknown",
    cause: `${endpoint} does not answer ${client}, and no cause that the doctor knows is there${packets}`,
    evidence: [facts.evidence(client, requestCommand(scene))],
    cure: [
      `look at the director's table and at the real servers (${page("troubleshooting.md")}); vipstack doctor --json has everything that was seen`,
    ],
  };
}

function allAnswers(scene: Scene, facts: Facts): readonly Answer[] {
  return [...answersOf(scene, facts), ...answersOf(scene, facts, uploadCommand(scene))];
}

/** One line if nothing is wrong, otherwise every finding with its evidence and cure. */
export function examinationText({
  protocol,
  service,
  director,
  client,
  requests,
  findings,
  seen,
}: Examination): string {
  const answers =
    requests === undefined
      ? "no request was sent"
      : `${requests.answered} of ${requests.of} requests of ${client} were answered, the slowest after ${requests.slowestSeconds.toFixed(3)} s`;
  const head = `${findings.length === 0 ? "✔" : "✖"} ${protocol} ${service} on ${director}: ${answers}`;
  if (findings.length > 0) return [head, ...findings.map(findingText)].join("\n\n");
  const looks = Object.entries(seen).map(([machine, outputs]) => `${machine} (${Object.keys(outputs).length})`);
  const slow = (requests?.slowestSeconds ?? 0) > SLOW_SECONDS;
  const what = slow ? "It is slow, and nothing shows why" : "Nothing is wrong";
  return `${head}\n  ${what} in what was looked at on ${looks.join(", ")}`;
}
