import { HARDENED } from "../../agents";
import { WAIT_FOR_CONSUL } from "./agent";

/** What the servers make Consul's policies and tokens equal to; it holds their secrets. */
export const ACCESS_FILE = "/etc/vipstack/secrets/consul-access/access.json";

const APPLY = `/usr/local/lib/vipstack/consul-access ${ACCESS_FILE} /var/lib/vipstack/consul-access/management`;

/** Runs at each boot and at each change of the file, until everything is as in the file. */
export const accessUnitText = `[Unit]
Description=Consul's policies and tokens are those of the program
After=consul.service
ConditionPathExists=${ACCESS_FILE}
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=${WAIT_FOR_CONSUL}
StateDirectory=vipstack/consul-access
StateDirectoryMode=0700
ExecStart=${APPLY}
ExecReload=${APPLY}
Restart=on-failure
RestartSec=5
${HARDENED.join("\n")}

[Install]
WantedBy=multi-user.target
`;

/** What a policy allows for one thing. @see https://developer.hashicorp.com/consul/docs/reference/acl/rule */
export interface AccessRule {
  /** The thing as Consul writes it: `service "web"`, `key_prefix ""`, `operator`. */
  readonly on: string;
  readonly policy: "read" | "write";
  /** Whether it may write which services connect to this one. @default false */
  readonly intentions?: true;
}

const read = (on: string): AccessRule => ({ on, policy: "read" });
const write = (on: string): AccessRule => ({ on, policy: "write" });

/** A policy in Consul's language: one block for each thing, with all that is allowed. */
export function policyText(rules: readonly AccessRule[]): string {
  const all = new Map<string, AccessRule>();
  for (const rule of rules) {
    const known = all.get(rule.on);
    const policy = known?.policy === "write" ? "write" : rule.policy;
    all.set(rule.on, { ...known, ...rule, policy });
  }
  return [...all.values()].map(ruleText).join("");
}

function ruleText({ on, policy, intentions }: AccessRule): string {
  if (on === OPERATOR) return `${on} = "${policy}"\n`;
  return `${on} {\n  policy = "${policy}"\n${intentions === true ? '  intentions = "write"\n' : ""}}\n`;
}

/** It has no name, so no block. */
const OPERATOR = "operator";

/** What the agent of a machine may do: tell the others about its machine, leave, and see what is registered. */
export const agentRules = (machine: string): AccessRule[] => [
  write(`node "${machine}"`),
  write(`agent "${machine}"`),
  read('service_prefix ""'),
  read('node_prefix ""'),
];

/** What a director may do: read the instances of the services that it follows, and their machines. */
export const followerRules = (services: readonly string[]): AccessRule[] => [
  ...[...services].sort().map((name) => read(`service "${name}"`)),
  read('node_prefix ""'),
];

/**
 * What a gateway may do: read its own folder of keys, and find the instances of any service. APISIX asks again only when the catalog
 * changes: it would not notice that its token may read one more service.
 *
 * @param folder with its slash; undefined where its objects are not in Consul
 */
export const gatewayRules = (folder: string | undefined): AccessRule[] => [
  ...(folder === undefined ? [] : [read(`key_prefix "${folder}"`)]),
  read('service_prefix ""'),
  read('node_prefix ""'),
];

/** What `consul lock` may do on a machine. @param folder of the lock, with its slash */
export const lockRules = (machine: string, folder: string): AccessRule[] => [
  read(`agent "${machine}"`),
  write(`session "${machine}"`),
  write(`key_prefix "${folder}"`),
];

/**
 * What Terraform may do: find out which datacenter it talks to, and what its objects need. A key in a folder that it may write needs no
 * rule of its own. By the same token `vipstack status` reads the health of the program's services.
 */
export const terraformRules = (objects: readonly AccessRule[], services: readonly string[]): AccessRule[] => {
  const folders = objects.flatMap(({ on }) => /^key_prefix "(.*)"$/.exec(on)?.[1] ?? []);
  const isCovered = (on: string): boolean => folders.some((folder) => on.startsWith(`key "${folder}`));
  return [
    read('agent_prefix ""'),
    read('node_prefix ""'),
    ...objects.filter(({ on }) => !isCovered(on)),
    ...services.filter((name) => !name.includes("${")).map((name) => read(`service "${name}"`)),
  ];
};

/** What registers a service: the agent of its machine, or Terraform. */
export const serviceRule = (name: string): AccessRule => write(`service "${name}"`);

export const keyRule = (key: string): AccessRule => write(`key "${key}"`);

/** Every key of a folder, also those that are to be deleted. @param folder with its slash */
export const folderRule = (folder: string): AccessRule => write(`key_prefix "${folder}"`);

export const nodeRule = (name: string): AccessRule => write(`node "${name}"`);

export const intentionRule = (service: string): AccessRule => ({ ...read(`service "${service}"`), intentions: true });

/** Defaults of all proxies belong to the datacenter's operators. */
export const OPERATOR_RULE = write(OPERATOR);
