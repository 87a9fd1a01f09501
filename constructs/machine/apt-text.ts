import { AptSource, MachineFile } from "./contribution";

/** The files of package archives: source, key, and the versions that are held. @see https://manpages.debian.org/sources.list.5 */
export function aptFiles(sources: readonly AptSource[]): MachineFile[] {
  return sources.flatMap((source) => {
    const keyFile = `/etc/apt/keyrings/${source.name}.asc`;
    const pins = Object.entries(source.pins ?? {});
    return [
      { path: keyFile, content: `${source.key.trim()}\n` },
      { path: `/etc/apt/sources.list.d/${source.name}.sources`, content: sourceText(source, keyFile) },
      ...(pins.length > 0
        ? [{ path: `/etc/apt/preferences.d/${source.name}`, content: pins.map(pinText).join("\n") }]
        : []),
    ];
  });
}

function sourceText({ uri, suite, components }: AptSource, keyFile: string): string {
  return `Types: deb
URIs: ${uri}
Suites: ${suite}
Components: ${components.join(" ")}
Signed-By: ${keyFile}
`;
}

/** Above 1000 the version stays, also where a newer one is there. @see https://manpages.debian.org/apt_preferences.5 */
function pinText([name, version]: [string, string]): string {
  return `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`;
}
