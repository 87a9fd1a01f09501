import type { Node as ConsulNode } from "@cdktf/provider-consul/lib/node";
import * as ipaddr from "ipaddr.js";
import { Construct } from "constructs";
import { escapeTemplate, escapeTemplates } from "../private/template-escape";
import { providerBinding } from "../private/provider";
import { Validation } from "../private/validation";
import { announceService, validateService } from "./consul-service";
import { nodeRule, serviceRule } from "./render/access";
import { needRules } from "./terraform-access";

/** Properties of an external node. */
export interface ExternalNodeProps {
  /** IP address of the machine. */
  readonly address: string;
  /** Name in the catalog, which no machine with an agent may have. @default - the construct's id */
  readonly name?: string;
}

/** Options of a service of an external node. */
export interface ExternalServiceOptions {
  /** Port of the service, 1 to 65535. */
  readonly port: number;
  /** Tags in the catalog. @default - none */
  readonly tags?: readonly string[];
  /** Metadata in the catalog. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
}

/**
 * A machine without a Consul agent in Consul's catalog, for example another team's database or an appliance.
 *
 * **Its services are not checked**: no agent runs there, so Consul takes them as healthy until they leave the program. That is
 * why they take no checks here. For a service on a machine that can have an agent, use `AgentService`: its checks are run.
 */
export class ExternalNode extends Construct {
  private readonly resource: ConsulNode;
  private readonly name: string;
  private readonly address: string;

  constructor(scope: Construct, id: string, props: ExternalNodeProps) {
    super(scope, id);
    this.name = props.name ?? id;
    this.address = props.address;
    const validation = new Validation(this);
    validation.require(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(this.name), {
      property: "name",
      rule: "must hold only letters, digits, hyphens, dots and underscores",
      got: this.name,
      cure: "choose a name like 'database-1'",
    });
    validation.require(ipaddr.isValid(props.address), {
      property: "address",
      rule: "must be an IP address",
      got: props.address,
      cure: "write it like '192.168.139.184'",
    });
    validation.passes();
    needRules(this, [nodeRule(this.name)]);
    // The mark by which consul-esm, where it is in use, knows the nodes that it may watch.
    const meta = { "external-node": "true" };
    const binding = providerBinding(this, "@cdktf/provider-consul/lib/node");
    this.resource = new binding.Node(this, "Default", { name: this.name, address: this.address, meta });
  }

  /** Registers a service of this machine. Two instances of one service must have different ports. */
  addService(name: string, { port, tags, meta }: ExternalServiceOptions): void {
    const validation = new Validation(this);
    validateService(validation, name, meta);
    validation.integer("port", port, 1, 65535, "give the port that it listens on");
    announceService(this, name);
    if (!validation.passes()) return;
    needRules(this, [serviceRule(name)]);
    const { Service } = providerBinding(this, "@cdktf/provider-consul/lib/service");
    new Service(this, `${name}-${port}`, {
      name,
      serviceId: `${name}-${port}`,
      nodeAttribute: this.name,
      address: this.address,
      port,
      tags: tags?.map(escapeTemplate),
      meta: meta && (escapeTemplates(meta) as Record<string, string>),
      dependsOn: [this.resource],
    });
  }
}
