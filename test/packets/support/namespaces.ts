import { spawnSync } from "node:child_process";

const possible = spawnSync("unshare", ["--net", "--mount", "iptables-restore", "--version"]).status === 0;
if (!possible)
  process.stderr.write("SKIPPED: packets in a real kernel (needs root, unshare and iptables on this machine)\n");

/** `describe` for tests with packets in network namespaces; skipped where these are not possible. */
export const inKernel = possible ? describe : describe.skip;

/** A host with rules, 10.0.0.1 and fd00::1, and a network with two strangers, whose addresses end with 2 and 3. */
export interface Network {
  /** Rules of the host in the format of iptables-restore. */
  readonly rules: { readonly 4: string; readonly 6: string };
  /** TCP ports on which the host listens, at every address. */
  readonly listen: readonly number[];
  /** Shell commands on the host, before its rules are loaded. @default - none */
  readonly before?: string;
  /** What the strangers try: own address and that of the host. @default - both strangers, both families */
  readonly tries?: readonly string[];
  /** What the host tries itself. @default - its own addresses */
  readonly own?: readonly string[];
  /** Ports that are tried. @default - those on which it listens */
  readonly ports?: readonly number[];
}

const SCRIPT = `set -eu
mount -t tmpfs tmpfs /run
ip netns add other
ip link add here type veth peer name there netns other
ip address add 10.0.0.1/24 dev here
ip address add fd00::1/64 dev here nodad
for address in 10.0.0.2/24 10.0.0.3/24; do ip -n other address add "$address" dev there; done
for address in fd00::2/64 fd00::3/64; do ip -n other address add "$address" dev there nodad; done
ip link set lo up; ip link set here up; ip -n other link set there up
cat > /run/serve <<'PROGRAM'
import socket, sys, time
kept = [socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True) for port in sys.argv[1:]]
print("listening", flush=True)
time.sleep(60)
PROGRAM
cat > /run/try <<'PROGRAM'
import socket, sys
ports, *tries = sys.argv[1:]
for source, address in (line.split() for line in tries):
    for port in map(int, ports.split()):
        try:
            socket.create_connection((address, port), timeout=1.5, source_address=(source, 0)).close()
            print(source, port, flush=True)
        except OSError:
            pass
PROGRAM
serve() { "$@" > /run/said & servers="\${servers-} $!"; until grep -q listening /run/said; do sleep 0.1; done; }
`;

/** Who reaches which port: `10.0.0.2 80`, in the order of the tries. */
export function whoReaches(network: Network): string[] {
  const { rules, listen, before = "", ports = listen } = network;
  const { tries = ["10.0.0.2 10.0.0.1", "10.0.0.3 10.0.0.1", "fd00::2 fd00::1", "fd00::3 fd00::1"] } = network;
  const { own = ["10.0.0.1 10.0.0.1", "fd00::1 fd00::1"] } = network;
  const words = (lines: readonly string[]): string => lines.map((line) => `'${line}'`).join(" ");
  const script = `${SCRIPT}${before}
iptables-restore --noflush <<'RULES'
${rules[4]}RULES
ip6tables-restore --noflush <<'RULES'
${rules[6]}RULES
serve python3 /run/serve ${listen.join(" ")}
ip netns exec other python3 /run/try '${ports.join(" ")}' ${words(tries)}
python3 /run/try '${ports.join(" ")}' ${words(own)}
kill $servers
`;
  const done = spawnSync("unshare", ["--net", "--mount", "bash", "-c", script], { encoding: "utf8", timeout: 180_000 });
  if (done.stderr !== "" || done.status !== 0) throw new Error(`${String(done.status)} ${done.stderr}`);
  return done.stdout.split("\n").filter(Boolean);
}
