import { Token } from "cdktf";
import { Download, IMachine, Software } from "../machine";
import { Failure } from "../private/failure";
import { CONSUL_TEMPLATE } from "./render/consul-template";

/**
 * Where a machine gets consul-template from: what was asked for, else what its backend offers.
 *
 * @returns failures where there is none or it can't be right
 */
export function consulTemplateFor(machine: IMachine, asked: Software | undefined): Software | Failure[] {
  const software = asked ?? machine.software("consul-template");
  if (software === undefined) {
    return [
      {
        property: "consulTemplate",
        rule: `must say where ${machine.name} gets consul-template from, because its backend offers none and Debian has no package of it`,
        cure: 'give a release: { version: "0.41.1", url: "https://…/consul-template_0.41.1_linux_amd64.zip", sha256: "…" }',
      },
    ];
  }
  const { sha256 } = software;
  // A backend vouches for what it offers.
  if (asked === undefined || Token.isUnresolved(sha256) || /^[0-9a-f]{64}$/.test(sha256)) return software;
  return [
    {
      property: "consulTemplate",
      rule: "must have a sha256 of 64 hexadecimal digits",
      got: sha256,
      cure: "take it from the release's SHA256SUMS, or from sha256sum",
    },
  ];
}

/** The program itself, or its `.zip` or `.tar.gz`. */
export function consulTemplateDownload({ url, sha256 }: Software): Download {
  const unpack = url.endsWith(".zip") ? "zip" : /\.(tar\.gz|tgz)$/.test(url) ? "tar.gz" : undefined;
  return {
    url,
    sha256,
    path: CONSUL_TEMPLATE,
    mode: "0755",
    ...(unpack && { unpack, member: "consul-template" }),
  };
}
