import { CONSUL_STANZA, WEIGHT_META } from "../../consul";
import { FollowSpec, ServiceSpec, sortedServices } from "../spec";
import { serviceName } from "./ipvs";

/** Where consul-template writes `NAME.instances`. */
export const INSTANCES_FOLDER = "/run/vipstack/consul";

/**
 * consul-template's configuration: one template for each followed service, which writes its healthy instances, one a line, and
 * a last line by which a complete file is recognized. Everything a registration may hold is quoted as JSON: a strange name stays
 * a name.
 *
 * While Consul is unreachable nothing is rendered, so nothing changes. It retries without limit, every 15 s at the latest.
 *
 * @param apply the command that runs after a change
 * @see https://github.com/hashicorp/consul-template/blob/main/docs/configuration.md
 */
export function renderConsulTemplateConfig(followed: readonly FollowSpec[], apply: readonly string[]): string {
  return [CONSUL_STANZA, ...followed.map((follow) => templateStanza(follow, apply))].join("\n");
}

/** `tag.name@datacenter|passing`; without the filter it would be the same, but it has to be seen. */
function queryOf({ service, tag, datacenter }: FollowSpec): string {
  const before = tag === undefined ? "" : `${tag}.`;
  const after = datacenter === undefined ? "" : `@${datacenter}`;
  return `${before}${service}${after}|passing`;
}

function templateStanza(follow: FollowSpec, apply: readonly string[]): string {
  const { name, service, wait } = follow;
  const query = queryOf(follow);
  return `template {
  destination = "${INSTANCES_FOLDER}/${name}.instances"
  # consul-template takes templates with one text for one, and forgets the second file: the name tells them apart.
  contents    = <<EOT
{{- /* ${name} */ -}}
{{ range service "${query}" -}}
{"address":{{ toJSON .Address }},"port":{{ .Port }},"weight":{{ .Weights.Passing }},"metaWeight":{{ toJSON (index .ServiceMeta "${WEIGHT_META}") }},"node":{{ toJSON .Node }},"id":{{ toJSON .ID }}}
{{ end -}}
{"instances":{{ len (service "${query}") }},"service":"${service}"}
EOT
  perms       = "0644"

  # Flapping is damped: once nothing changed for min, at the latest after max.
  wait {
    min = "${wait.min}"
    max = "${wait.max}"
  }
  exec {
    command = [${apply.map((word) => `"${word}"`).join(", ")}]
  }
}
`;
}

/**
 * The configuration of consul-rules on the director: which virtual services follow Consul, in ipvsadm's notation, and what happens
 * when no instance is healthy.
 *
 * @param never addresses that are no real server: the director's own and its VIPs
 */
export function renderFollowed(services: readonly ServiceSpec[], never: readonly string[]): string {
  const entries = sortedServices(services).flatMap((service) => {
    const { follows, forwarding, family } = service;
    if (follows === undefined) return [];
    const entry = {
      virtualService: serviceName(service),
      forwarding: forwarding.option,
      service: follows.service,
      family,
      graceSeconds: follows.graceSeconds ?? null,
      never: [...new Set(never)].sort(),
      ...(follows.only && { only: [...follows.only].sort(), port: follows.port }),
    };
    return [[follows.name, entry] as const];
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
