/** Everything that decides what a container image contains. Its text is hashed, so any change makes a new image. */
export interface ContainerRecipe {
  /** Names at Docker Hub that it answers to. */
  readonly references: readonly string[];
  /** The Debian package that it is about. */
  readonly about: string;
  /** Packages that are unpacked, with what they depend on; their installation scripts are not run. */
  readonly packages: readonly string[];
  /** Left out of the packages, as dpkg's path-exclude takes it. */
  readonly exclude: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly executables: readonly string[];
  readonly folders: readonly string[];
  readonly links: Readonly<Record<string, string>>;
  /** As in the OCI image configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Counts changes of the way images are built that none of the other fields shows. */
  readonly revision: number;
}

/** The accounts that Debian's base-passwd and the images of Docker Hub have in common with these. */
const ACCOUNTS: Record<string, string> = {
  "/etc/passwd": [
    "root:x:0:0:root:/root:/bin/sh",
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
    "nginx:x:101:101:nginx:/nonexistent:/usr/sbin/nologin",
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    "",
  ].join("\n"),
  "/etc/group": ["root:x:0:", "daemon:x:1:", "www-data:x:33:", "nginx:x:101:", "nogroup:x:65534:", ""].join("\n"),
  "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** nginx.conf of the image at Docker Hub. */
const NGINX_CONF = `user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" '
                    '"$http_user_agent" "$http_x_forwarded_for"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
`;

/** Its default site. */
const NGINX_SITE = `server {
    listen 80;
    listen [::]:80;
    server_name localhost;

    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
    error_page 500 502 503 504 /50x.html;
    location = /50x.html {
        root /usr/share/nginx/html;
    }
}
`;

const HTTPD_MODULES = [
  ...["mpm_event", "authn_core", "authz_core", "authz_host", "access_compat", "reqtimeout", "filter", "mime", "env"],
  ...["headers", "setenvif", "status", "autoindex", "dir", "alias"],
];

/** The short form of the httpd.conf of the image at Docker Hub. */
const HTTPD_CONF = `ServerRoot "/usr/local/apache2"
ServerName localhost
PidFile /usr/local/apache2/logs/httpd.pid
Listen 80
${HTTPD_MODULES.map((name) => `LoadModule ${name}_module modules/mod_${name}.so`).join("\n")}

User www-data
Group www-data
ServerAdmin you@example.com

<Directory />
    AllowOverride none
    Require all denied
</Directory>

DocumentRoot "/usr/local/apache2/htdocs"
<Directory "/usr/local/apache2/htdocs">
    Options Indexes FollowSymLinks
    AllowOverride None
    Require all granted
</Directory>

DirectoryIndex index.html
<Files ".ht*">
    Require all denied
</Files>

ErrorLog /proc/self/fd/2
LogLevel warn
LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog /proc/self/fd/1 common
TypesConfig /etc/mime.types
`;

/** The programs lie where Debian puts them; Docker Hub's layout is a matter of names. */
const HTTPD = `#!/bin/sh
exec /usr/sbin/apache2 -d /usr/local/apache2 -f conf/httpd.conf "$@"
`;

/** The command of the image. */
const HTTPD_FOREGROUND = `#!/bin/sh
set -e
# A container that was killed leaves its process id behind, and httpd would take the next one for running already.
rm -f /usr/local/apache2/logs/httpd.pid
# By its path: the shell is busybox, which prefers its own httpd to any other.
exec /usr/local/apache2/bin/httpd -DFOREGROUND "$@"
`;

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What runs nothing in a container. */
const EXCLUDE = [
  ...["doc", "man", "locale", "lintian", "info", "perl", "perl5", "bug", "initramfs-tools", "bash-completion"].map(
    (what) => `/usr/share/${what}/*`,
  ),
  ...["perl/*", "perl-base/*", "gconv/*"].map((what) => `/usr/lib/*/${what}`),
  ...["/usr/bin/perl*", "/usr/lib/systemd/*", "/lib/systemd/*", "/etc/init.d/*", "/etc/cron*", "/etc/logrotate.d/*"],
];

/** Busybox is the shell and the tools of every image. */
const common = { exclude: EXCLUDE, executables: [], folders: [], links: {}, revision: 1 };

/**
 * Images that stand for those of Docker Hub: the distribution's own builds, with configuration, document root, port and command
 * in the places where those of Docker Hub have them.
 */
export const CONTAINER_RECIPES: readonly ContainerRecipe[] = [
  {
    ...common,
    references: ["library/busybox:1", "library/busybox:stable", "library/busybox:latest"],
    about: "busybox-static",
    packages: ["busybox-static"],
    files: ACCOUNTS,
    config: { Cmd: ["sh"], Env: [PATH] },
  },
  {
    ...common,
    references: ["library/nginx:stable", "library/nginx:latest"],
    about: "nginx",
    packages: ["busybox-static", "nginx"],
    files: { ...ACCOUNTS, "/etc/nginx/nginx.conf": NGINX_CONF, "/etc/nginx/conf.d/default.conf": NGINX_SITE },
    folders: ["/var/log/nginx", "/var/lib/nginx", "/usr/share/nginx/html"],
    links: { "/var/log/nginx/access.log": "/dev/stdout", "/var/log/nginx/error.log": "/dev/stderr" },
    config: {
      Cmd: ["nginx", "-g", "daemon off;"],
      Env: [PATH],
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGQUIT",
    },
  },
  {
    ...common,
    references: ["library/httpd:latest", "library/httpd:2.4", "library/httpd:2"],
    about: "apache2-bin",
    packages: ["busybox-static", "apache2-bin", "media-types"],
    files: {
      ...ACCOUNTS,
      "/usr/local/apache2/conf/httpd.conf": HTTPD_CONF,
      "/usr/local/apache2/htdocs/index.html": "<html><body><h1>It works!</h1></body></html>\n",
      "/usr/local/apache2/bin/httpd": HTTPD,
      "/usr/local/bin/httpd-foreground": HTTPD_FOREGROUND,
    },
    executables: ["/usr/local/apache2/bin/httpd", "/usr/local/bin/httpd-foreground"],
    folders: ["/usr/local/apache2/logs"],
    links: { "/usr/local/apache2/modules": "/usr/lib/apache2/modules" },
    config: {
      Cmd: ["httpd-foreground"],
      Env: [`PATH=/usr/local/apache2/bin:${PATH.slice("PATH=".length)}`, "HTTPD_PREFIX=/usr/local/apache2"],
      WorkingDir: "/usr/local/apache2",
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGWINCH",
    },
  },
  {
    ...common,
    references: ["library/caddy:latest", "library/caddy:2"],
    about: "caddy",
    packages: ["busybox-static", "caddy", "ca-certificates"],
    files: ACCOUNTS,
    folders: ["/config/caddy", "/data/caddy", "/srv"],
    config: {
      Cmd: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
      Env: [PATH, "XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"],
      WorkingDir: "/srv",
      ExposedPorts: { "80/tcp": {}, "443/tcp": {}, "2019/tcp": {} },
    },
  },
];

/** The label of an image: it has a known name and must not be taken for the image of Docker Hub. */
export function containerLabels(
  recipe: ContainerRecipe,
  distribution: string,
  version: string,
): Record<string, string> {
  const prefix = "org.opencontainers.image";
  return {
    [`${prefix}.title`]: recipe.about,
    [`${prefix}.description`]: `${distribution}'s build of ${recipe.about}, made by the vipstack lab from ${distribution} packages; not the image of Docker Hub`,
    [`${prefix}.version`]: version,
    [`${prefix}.vendor`]: distribution,
  };
}
