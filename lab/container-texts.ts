/** The accounts that Debian's base-passwd and the images of Docker Hub have in common with these. */
export const ACCOUNTS: Record<string, string> = {
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
export const NGINX_CONF = `user nginx;
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
export const NGINX_SITE = `server {
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
export const HTTPD_CONF = `ServerRoot "/usr/local/apache2"
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
export const HTTPD = `#!/bin/sh
exec /usr/sbin/apache2 -d /usr/local/apache2 -f conf/httpd.conf "$@"
`;

/** The command of the image. */
export const HTTPD_FOREGROUND = `#!/bin/sh
set -e
# A container that was killed leaves its process id behind, and httpd would take the next one for running already.
rm -f /usr/local/apache2/logs/httpd.pid
# By its path: the shell is busybox, which prefers its own httpd to any other.
exec /usr/local/apache2/bin/httpd -DFOREGROUND "$@"
`;
