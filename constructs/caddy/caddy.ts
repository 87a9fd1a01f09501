import { Construct } from "constructs";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";

/** Properties of a web server with fixed answers. */
export interface CaddyProps {
  /** Machine on which it runs. */
  readonly machine: IMachine;
  /** Text of the answer, by port: `{ 80: "d2:80" }`. */
  readonly answers: Readonly<Record<number, string>>;
}

/**
 * A web server with one fixed answer for each port, for examples and tests. It is Debian's caddy.
 *
 * @see https://caddyserver.com/docs/caddyfile
 */
export class Caddy extends Construct {
  constructor(scope: Construct, id: string, props: CaddyProps) {
    super(scope, id);
    const answers = Object.entries(props.answers).map(([port, text]) => ({ port: Number(port), text }));
    const validation = new Validation(this);
    validation.require(answers.length > 0, {
      property: "answers",
      rule: "must name at least one port",
      cure: 'for example { 80: "hello" }',
    });
    for (const { port } of answers) validation.integer("answers", port, 1, 65535, "choose a TCP port");
    if (!validation.passes()) return;

    props.machine.contribute(this, {
      title: `caddy on ${answers.map(({ port }) => port).join(", ")}`,
      packages: ["caddy"],
      memoryMiB: 48,
      files: [
        { path: "/etc/caddy/Caddyfile", content: renderCaddyfile(answers) },
        { path: "/etc/systemd/system/caddy.service.d/vipstack.conf", content: RESTARTED },
      ],
      units: [{ name: "caddy.service" }],
      ports: answers.map(({ port }) => ({ protocol: "tcp", port })),
      // Connections that a director no longer uses may still be open: each gets its end instead of silence.
      beforeRemoval: { stop: ["systemctl stop caddy.service"] },
      ready: answers.map(({ port }) => `curl --fail --silent --output /dev/null http://127.0.0.1:${port}/`),
    });
  }
}

/** The packaged unit leaves a server that was killed dead. */
const RESTARTED = "[Service]\nRestart=always\nRestartSec=1\n";

function renderCaddyfile(answers: readonly { port: number; text: string }[]): string {
  const sites = answers.map(
    ({ port, text }) => `http://:${port} {\n\trespond "${text.replaceAll(/["\\]/g, "\\$&")}\n"\n}\n`,
  );
  // The admin interface would claim port 2019; it is not used here.
  return ["{\n\tadmin off\n}\n", ...sites].join("\n");
}
