import execa from "execa";

/** A package archive as one of the host's apt sources names it. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly component: string;
  readonly signedBy: string;
}

/** All package archives of the host, read from apt itself, so that both of its file formats and all its folders count. */
export async function hostSources(): Promise<AptSource[]> {
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)";
  const { stdout } = await execa("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  return parseSources(stdout);
}

/** Reads the lines of `apt-get indextargets`; a field that apt does not know stays as its placeholder. */
export function parseSources(text: string): AptSource[] {
  const sources = text
    .split("\n")
    .map((line) => line.split("|"))
    .filter((fields) => fields.length === 4 && /^https?:/.test(fields[0] ?? ""))
    .map(([uri = "", suite = "", component = "", signedBy = ""]) => ({
      uri: uri.replace(/\/$/, ""),
      suite,
      component: component.startsWith("$(") ? "" : component,
      signedBy: signedBy.startsWith("$(") ? "" : signedBy,
    }));
  return [...new Map(sources.map((source) => [JSON.stringify(source), source])).values()];
}

/** The distribution's own archives for a release: not the third-party ones, which say nothing about a machine of the lab. */
export function distributionSources(sources: AptSource[], codename: string): AptSource[] {
  const suites = [codename, ...["updates", "security"].map((pocket) => `${codename}-${pocket}`)];
  return sources.filter((source) => suites.includes(source.suite) && source.component !== "");
}

/** One-line sources, as mmdebstrap and /etc/apt/sources.list take them. */
export function sourceLines(sources: AptSource[]): string[] {
  const grouped = new Map<string, string[]>();
  for (const { uri, suite, component, signedBy } of sources) {
    const head = `deb ${signedBy.startsWith("/") ? `[signed-by=${signedBy}] ` : ""}${uri} ${suite}`;
    grouped.set(head, [...(grouped.get(head) ?? []), component]);
  }
  return [...grouped].map(([head, components]) => `${head} ${[...new Set(components)].join(" ")}`);
}

/** Names of the hosts that guests may reach through the package proxy. */
export function archiveHosts(sources: AptSource[]): string[] {
  return [...new Set(sources.map((source) => new URL(source.uri).hostname))].sort();
}

/** The proxy that the host's own apt uses, if it uses one. */
export async function hostAptProxy(): Promise<string | undefined> {
  const { stdout } = await execa("apt-config", ["dump", "--format", "%v%n", "Acquire::http::Proxy"]);
  const configured = stdout.trim().split("\n")[0] ?? "";
  const proxy = configured === "" ? (process.env.http_proxy ?? "") : configured;
  return /^https?:\/\//.test(proxy) ? proxy : undefined;
}

/** Settings of the host's apt without which its sources may not be accepted, such as those of an archive snapshot. */
export async function hostAptChecks(): Promise<string[]> {
  const options = ["Acquire::Check-Valid-Until", "Acquire::Check-Date"];
  const { stdout } = await execa("apt-config", ["dump", ...options]);
  return stdout.split("\n").filter((line) => options.some((option) => line.startsWith(`${option} `)));
}
