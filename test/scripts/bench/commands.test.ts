import { program } from "../../../scripts/bench/commands";

/** What a command line with wrong words says, without measuring anything. */
async function refusal(...words: string[]): Promise<string> {
  const said: string[] = [];
  const bench = program();
  for (const command of [bench, ...bench.commands]) command.configureOutput({ writeErr: (text) => said.push(text) });
  await expect(bench.parseAsync(words, { from: "user" })).rejects.toThrow();
  return said.join("");
}

test.each([
  { words: ["walk"], error: "error: unknown command 'walk'\n" },
  { words: ["synth", "--fast"], error: "error: unknown option '--fast'\n" },
  { words: ["synth", "100"], error: "error: too many arguments for 'synth'. Expected 0 arguments but got 1.\n" },
  {
    words: ["synth", "--runs", "0"],
    error: "error: option '--runs <number>' argument '0' is invalid. It must be a whole number from 1 to 999999.\n",
  },
  {
    words: ["synth", "--jobs", "100,many"],
    error:
      "error: option '--jobs <numbers>' argument '100,many' is invalid. It must be a whole number from 1 to 999999.\n",
  },
  {
    words: ["control", "--planes", "ipvs,nft"],
    error: "error: option '--planes <names>' argument 'ipvs,nft' is invalid. It must be one of ipvs, iptables.\n",
  },
  {
    words: ["changes", "--candidates", "ipvs,f5"],
    error:
      "error: option '--candidates <names>' argument 'ipvs,f5' is invalid. " +
      "It must be one of ipvsadm, keepalived, ipvs, restore, iptables.\n",
  },
  {
    words: ["changes", "--changes", "7"],
    error: "error: option '--changes <number>' argument '7' is invalid. It must be an even number.\n",
  },
  {
    words: ["planes", "--candidates", "routing,f5"],
    error:
      "error: option '--candidates <names>' argument 'routing,f5' is invalid. " +
      "It must be one of direct, gateway, snat, routing, tunneling, iptables, haproxy, nginx, keepalived.\n",
  },
  {
    words: ["web", "--servers", "nginx"],
    error:
      "error: option '--servers <list>' argument 'nginx' is invalid. It must have two or more servers, each with a name of its own.\n",
  },
  {
    words: ["web", "--servers", "nginx,iis"],
    error:
      "error: option '--servers <list>' argument 'nginx,iis' is invalid. " +
      "It must have names of nginx, apache, caddy, or NAME=IMAGE=PORT=FOLDER.\n",
  },
  {
    words: ["web", "--paths", "host,tunnel"],
    error:
      "error: option '--paths <names>' argument 'host,tunnel' is invalid. It must be one of host, director, gateway.\n",
  },
])("$words is refused with one error", async ({ words, error }) => {
  expect(await refusal(...words)).toBe(error);
});
