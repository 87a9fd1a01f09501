/** The web server, Debian's site with files from memory: does not log, keeps a connection for as many requests as the client likes. */
export const NGINX_WEB = `keepalive_requests 100000000;
access_log off;
open_file_cache max=10;
`;

/** Both proxies have a process for each processor and no log of connections, as a site with much traffic would have it. */
export const HAPROXY = `global
  maxconn 20000
  user haproxy
  group haproxy
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option splice-auto
listen bench
  bind :8001
  server web1 10.95.0.31:80 check
`;

export const NGINX_STREAM = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user www-data;
worker_processes auto;
pid /run/bench-nginx.pid;
error_log stderr;
events {
  worker_connections 20000;
}
stream {
  upstream bench {
    server 10.95.0.31:80;
  }
  server {
    listen 8002 backlog=4096;
    proxy_pass bench;
    proxy_connect_timeout 5s;
  }
}
`;

export const KEEPALIVED = `vrrp_instance bench {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    10.95.0.103/32
  }
}
virtual_server 10.95.0.103 80 {
  delay_loop 5
  lb_algo wrr
  lb_kind DR
  protocol TCP
  real_server 10.95.0.31 80 {
    weight 1
    TCP_CHECK {
      connect_timeout 3
    }
  }
}
`;
