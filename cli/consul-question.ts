import { DeployedMachine } from "../constructs/deployment";

/** A GET request to the Consul agent of a machine, as a shell command for that machine. A token is in no list of processes. */
export function askConsul(machine: DeployedMachine | undefined, path: string): string {
  const ask = `curl --silent --show-error --max-time 5 'http://127.0.0.1:8500${path}'`;
  const token = machine?.consulToken;
  return token === undefined ? ask : `{ printf 'X-Consul-Token: '; cat ${token}; } | ${ask} --header @-`;
}
