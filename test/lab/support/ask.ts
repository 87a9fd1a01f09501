import { LabDeployment } from "./deployment";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * The answer that curl on a machine gets. Headers and the body go by standard input, so that no command line has what is secret in
 * them; a connection that fails is an error.
 */
export async function ask(
  from: LabDeployment,
  machine: string,
  url: string,
  { headers = [], put }: { headers?: readonly string[]; put?: object } = {},
): Promise<Answer> {
  const config = [
    `url = ${quoted(url)}`,
    ...headers.map((header) => `header = ${quoted(header)}`),
    ...(put === undefined ? [] : ['request = "PUT"', `data = ${quoted(JSON.stringify(put))}`]),
  ];
  const curl = "curl --silent --show-error --max-time 10 --write-out '\\n%{http_code}' --config -";
  const lines = (await from.on(machine, `${curl} <<'EOF'\n${config.join("\n")}\nEOF`)).split("\n");
  return { status: Number(lines.pop()), body: lines.join("\n") };
}

/** As a configuration file of curl has it. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
