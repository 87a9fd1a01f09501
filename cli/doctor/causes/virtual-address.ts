import { Cause } from "../cause";
import { holdsPort } from "../chain";
import { Evidence } from "../finding";
import { Facts } from "../look";
import { quoted } from "../../login";
import { Scene } from "../scene";
import { program } from "../watch";
import { ADDRESSES, iptables, LINKS, natRules, onDirector } from "./commands";

/** The VIP is not on the director, or not on a real server with direct routing or tunneling; their kernels then do not accept its packets. */
export const VIP_MISSING: Cause = {
  name: "vip-missing",
  looks: (scene) => [
    ...onDirector(scene, ADDRESSES),
    ...scene.direct().map((machine) => ({ machine, command: ADDRESSES })),
  ],
  decide: (scene, facts) => {
    const { director, address } = scene;
    const without = [director, ...scene.direct()].filter((machine) => isWithout(facts, machine, address));
    const [first] = without;
    if (first === undefined) return undefined;
    const names = without.join(" and ");
    return {
      cause: `the virtual address ${address} is missing on ${names}${first === director ? ", the director" : ""}, so packets for ${scene.endpoint} are not accepted there`,
      evidence: without.map((machine) => ({ machine, command: ADDRESSES, lines: ownLines(facts, machine) })),
      cure: [`on ${names}: systemctl restart vipstack-addresses`],
    };
  },
};

/** A rule of another program redirects the packets before IPVS sees them. */
export const FOREIGN_DNAT: Cause = {
  name: "foreign-dnat",
  looks: (scene) => (scene.hasTable ? onDirector(scene, natRules(scene)) : []),
  decide: (scene, facts) => {
    const { director, endpoint } = scene;
    if (!scene.hasTable) return undefined;
    const command = natRules(scene);
    const [rule] = facts.lines(director, command).filter((line) => takesAway(line, scene));
    if (rule === undefined) return undefined;
    return {
      cause: `a rule in the nat table of ${director} redirects packets for ${endpoint} before IPVS sees them`,
      evidence: [{ machine: director, command, lines: [rule] }],
      cure: [
        `on ${director}: ${iptables(scene)} -t nat ${rule.replace(/^-A/, "-D")}   (then find out what added it: Docker, kube-proxy, a script)`,
      ],
    };
  },
  explains: ["asymmetric-return", "packet-loss"],
};

/** A real server answers ARP for the VIP, so clients bypass the director. */
export const ARP_ANSWERED: Cause = {
  name: "arp-answered-by-real-server",
  looks: (scene) => {
    const own = scene.addressesOf(scene.client)[0];
    if (own === undefined || scene.direct().length === 0 || scene.address.includes(":")) return [];
    return [
      { machine: scene.client, command: whoHas(scene), script: whoHasScript(scene.address) },
      ...scene.direct().flatMap((machine) => [LINKS, ARP_SETTINGS].map((command) => ({ machine, command }))),
    ];
  },
  decide: (scene, facts) => {
    const answers = facts.lines(scene.client, whoHas(scene), / is at /);
    const answering = scene.direct().filter((machine) => answers.some((line) => isOf(line, facts, machine)));
    if (answering.length === 0) return undefined;
    const names = answering.join(" and ");
    return {
      cause: `the real server ${names} answers ARP for the virtual address ${scene.address}, so clients bypass ${scene.director}`,
      evidence: [
        facts.evidence(scene.client, whoHas(scene)),
        ...answering.flatMap((machine) => [
          facts.evidence(machine, LINKS, /link\/ether /),
          facts.evidence(machine, ARP_SETTINGS),
        ]),
      ],
      cure: [
        `on ${names}: sysctl --write net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2   (\`sysctl --system\` sets all values of the library again)`,
        `on ${scene.client}, to forget the wrong answer: ip neigh flush to ${scene.address}`,
      ],
    };
  },
};

const ARP_SETTINGS = "sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce";

function whoHas({ address }: Scene): string {
  return `arping -c 2 ${address}`;
}

/** Few machines have arping, so a program of ours asks. If the VIP is behind a router, nothing is asked. */
function whoHasScript(address: string): string {
  return `set -- $(ip -o route get ${address}); case "$*" in *" via "*) exit 0;; esac; dev=; src=; while [ $# -gt 1 ]; do case $1 in dev) dev=$2;; src) src=$2;; esac; shift; done; python3 -c ${quoted(program("who-has.py"))} "$dev" "$src" ${address}`;
}

function isOf(line: string, facts: Facts, machine: string): boolean {
  const mac = / is at (\S+)/.exec(line)?.[1] ?? "-";
  return facts.has(machine, LINKS, new RegExp(`link/ether ${mac} `));
}

/** `2: eth0    inet 192.168.139.29/24 …` */
function isWithout(facts: Facts, machine: string, address: string): boolean {
  if (!facts.knows(machine, ADDRESSES)) return false;
  return !facts.lines(machine, ADDRESSES).some((line) => line.includes(` ${address}/`));
}

function ownLines(facts: Facts, machine: string): Evidence["lines"] {
  return facts
    .lines(machine, ADDRESSES, / inet6? /)
    .map((line) => line.replace(/ +(?:valid_lft|brd).*/, "").replace(/\\/g, ""));
}

/** Whether a rule of another program redirects packets of the service: DNAT, REDIRECT or NETMAP. */
function takesAway(rule: string, { address, port, protocol }: Scene): boolean {
  if (!/ -j (?:DNAT|REDIRECT|NETMAP)\b/.test(rule) || /VIPSTACK/.test(rule)) return false;
  if (!rule.startsWith("-A ") || rule.startsWith("-A OUTPUT")) return false;
  const to = / -d (\S+?)(?:\/32|\/128)? /.exec(rule);
  if (to !== null && to[1] !== address) return false;
  if (/! -d | -i lo /.test(rule)) return false;
  const ports = / --dports? (\S+)/.exec(rule)?.[1];
  const only = / -p (\S+)/.exec(rule)?.[1];
  if (only !== undefined && only !== protocol) return false;
  return ports === undefined || holdsPort(ports, port);
}
