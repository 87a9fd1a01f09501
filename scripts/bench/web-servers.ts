/** A web server in a container, its configuration untouched. */
export interface WebServer {
  /** In tables, and of its container or job. */
  readonly name: string;
  readonly image: string;
  /** In the container. */
  readonly port: number;
  /** Of the pages, in the container. */
  readonly folder: string;
}

/** Servers whose images the lab has. */
export const WEB_SERVERS: readonly WebServer[] = [
  { name: "nginx", image: "nginx:stable", port: 80, folder: "/usr/share/nginx/html" },
  { name: "apache", image: "httpd:latest", port: 80, folder: "/usr/local/apache2/htdocs" },
  { name: "caddy", image: "caddy:2", port: 80, folder: "/usr/share/caddy" },
];

/** @param word a name of {@link WEB_SERVERS}, or NAME=IMAGE=PORT=FOLDER. @returns nothing where it is neither */
export function webServerOf(word: string): WebServer | undefined {
  const known = WEB_SERVERS.find(({ name }) => name === word);
  if (known !== undefined) return known;
  const [, name, image, port, folder] = /^([a-z][a-z0-9-]{0,30})=([^=\s]+)=(\d{1,5})=(\/[^=\s]*)$/.exec(word) ?? [];
  if (name === undefined || image === undefined || folder === undefined) return undefined;
  return { name, image, port: Number(port), folder };
}

/** Port of the web machine and of the director, by the place of the server in the list. */
export function hostPort(index: number): number {
  return 8081 + index;
}
