import { quoted } from "../login";
import { Facts, Look } from "./look";
import { Scene } from "./scene";

/** Requests that are sent side by side: each of the usual two or three real servers gets one. */
const REQUESTS = 4;
const SECONDS = 5;
/** Size of an upload: more than one packet, less than any server refuses. */
const UPLOAD = 6000;

/** Result of one request. */
export interface Answer {
  readonly status: number;
  /** Whether a connection was opened. */
  readonly connected: boolean;
  readonly seconds: number;
  /** curl's exit code. */
  readonly exitCode: number;
  /** curl's error, or the beginning of the answer. */
  readonly text: string;
}

/** Whether curl can send requests to the service. */
export function canBeAsked({ protocol, port }: Scene): boolean {
  return protocol === "tcp" && port !== 0;
}

export function requestCommand({ endpoint }: Scene): string {
  return `curl --max-time ${SECONDS} http://${endpoint}/`;
}

export function uploadCommand(scene: Scene): string {
  return `${requestCommand(scene)} --data-binary @FILE-OF-${UPLOAD}-BYTES`;
}

/** Requests of the client; uploads as well if the service's packets go through a tunnel. */
export function requestLooks(scene: Scene): readonly Look[] {
  if (!canBeAsked(scene)) return [];
  const url = `http://${scene.endpoint}/`;
  const { client } = scene;
  const tunnels = [scene, ...scene.servers].some(({ forwarding }) => forwarding.method === "tunneling");
  const upload = `${ASK}\nhead -c ${UPLOAD} /dev/zero > "$folder/upload"\n${sideBySide(`ask --data-binary "@$folder/upload" ${quoted(url)}`)}`;
  return [
    { machine: client, command: requestCommand(scene), script: `${ASK}\n${sideBySide(`ask ${quoted(url)}`)}` },
    ...(tunnels ? [{ machine: client, command: uploadCommand(scene), script: upload }] : []),
  ];
}

/** A request to each real server, sent by the director. Of those that Consul names, it is the table that has the addresses. */
export function connectLook(scene: Scene): readonly Look[] {
  if (scene.protocol !== "tcp") return [];
  const fixed = scene.active.map((server) => scene.target(server));
  const own = scene.service.mark ?? scene.endpoint;
  // With weight 0 it gets no new requests.
  const followed =
    scene.follows === undefined
      ? ""
      : `; ipvsadm -S -n | awk -v own=${quoted(String(own))} '$1 == "-a" && $3 == own && !/ -w 0( |$)/ { for (i = 4; i < NF; i++) if ($i == "-r") print $(i + 1) }'`;
  return [
    {
      machine: scene.director,
      command: connectCommand(scene),
      script: `${ASK}\nfor to in $({ ${fixed.length > 0 ? `printf '%s\\n' ${fixed.map(quoted).join(" ")}` : ":"}${followed}; } | sort -u); do { said=$(ask --connect-timeout 3 "http://$to/"); echo "$to $said"; } & done; wait`,
    },
  ];
}

export function connectCommand({ endpoint }: Scene): string {
  return `curl --connect-timeout 3 http://REAL-SERVER/ # those of ${endpoint}`;
}

/** Results of the client's requests. */
export function answersOf(scene: Scene, facts: Facts, command = requestCommand(scene)): readonly Answer[] {
  return facts.lines(scene.client, command).flatMap((line) => answerOf(line) ?? []);
}

/** Packets that the client sent again during its requests. */
export function sentAgain(scene: Scene, facts: Facts): number {
  const lines = [requestCommand(scene), uploadCommand(scene)].flatMap((command) =>
    facts.lines(scene.client, command, /^sent again: /),
  );
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Address of a real server to the result of the director's request. */
export function connectionsOf(scene: Scene, facts: Facts): ReadonlyMap<string, Answer> {
  const found = facts.lines(scene.director, connectCommand(scene)).flatMap((line) => {
    const answer = answerOf(line.slice(line.indexOf(" ") + 1));
    return answer === undefined ? [] : [[line.split(" ")[0] ?? "", answer] as const];
  });
  return new Map(found);
}

/** Whether a request reached a server. What it answered, and whether it speaks HTTP, does not matter. */
export function cameThrough({ connected, exitCode }: Answer): boolean {
  return connected && exitCode !== TIMED_OUT && exitCode !== RESET;
}

/** curl's exit codes: https://curl.se/docs/manpage.html */
const REFUSED = 7;
const TIMED_OUT = 28;
const RESET = 56;

/** Longest time of a refusal by a machine that answers; the kernel takes a second or more to find that a machine is not there. */
const REFUSAL_SECONDS = 0.9;

/**
 * Whether no server listens on that port. curl says the same if the machine is not there at all.
 *
 * @param isThere whether the machine is known to answer
 */
export function wasRefused({ exitCode, connected, seconds }: Answer, isThere: boolean): boolean {
  return !connected && exitCode === REFUSED && (isThere || seconds < REFUSAL_SECONDS);
}

/** `200 0.001 0.004 0 | Hello` */
function answerOf(line: string): Answer | undefined {
  const found = /^(\d+) ([\d.]+) ([\d.]+) (\d+) (.*)$/.exec(line);
  if (found === null) return undefined;
  const [, status, connect, total, exitCode, text = ""] = found;
  return {
    status: Number(status),
    connected: Number(connect) > 0,
    seconds: Number(total),
    exitCode: Number(exitCode),
    text: text.replace(/^\| /, ""),
  };
}

/** Shell functions: `ask WORDS` prints one line about one request, `again` a counter of the kernel. */
const ASK = `folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
ask() { f=$(mktemp "$folder/XXXXXX"); said=$(curl --globoff --silent --output "$f" --max-time ${SECONDS} --write-out '%{http_code} %{time_connect} %{time_total} %{exitcode} %{errormsg}' "$@"); echo "$said | $(head -n 1 "$f" | cut -c1-80)"; }
again() { nstat -asz TcpRetransSegs | awk '$1 == "TcpRetransSegs" { print $2 }'; }`;

function sideBySide(command: string): string {
  return `before=$(again); for i in $(seq ${REQUESTS}); do ${command} & done; wait; echo "sent again: $(($(again) - before))"`;
}
