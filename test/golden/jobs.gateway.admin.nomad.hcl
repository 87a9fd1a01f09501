job "front" {
  type        = "system"
  datacenters = ["*"]

  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "5s"
    healthy_deadline  = "2m"
    progress_deadline = "3m"
    stagger           = "55s"
  }

  group "gateway" {
    shutdown_delay = "10s"

    meta {
      secrets = "$${substr(nonsensitive(sha256(jsonencode({\"APISIX_ADMIN_KEY\" = var.admin-key, \"APISIX_DATA_ENCRYPTION_KEY\" = var.encryption-key}))), 0, 8)}"
    }

    network {
      mode = "host"
      port "http" {
        static = 9080
      }
      port "https" {
        static = 9443
      }
      port "status" {
        static = 7085
      }
      port "admin" {
        static = 9181
      }
    }

    service {
      name         = "front"
      port         = "http"
      provider     = "consul"
      address_mode = "host"

      check {
        type                     = "http"
        port                     = "status"
        interval                 = "2s"
        timeout                  = "3s"
        failures_before_critical = 2
        path                     = "/status/ready"
      }
    }

    restart {
      attempts = 3
      interval = "1m"
      delay    = "2s"
      mode     = "delay"
    }

    task "apisix" {
      driver       = "docker"
      kill_timeout = "30s"
      kill_signal  = "SIGQUIT"

      config {
        image        = "apache/apisix:3.18.0-debian"
        entrypoint   = ["/bin/sh", "/local/start"]
        network_mode = "host"
      }

      template {
        data            = <<EOH
# Routes are made by the Admin API, and kept by etcd.
deployment:
  role: traditional
  role_traditional:
    config_provider: etcd
  etcd:
    host: ["http://10.0.0.5:2379","https://etcd.example:2379"]
    prefix: /apisix/lab
  admin:
    # On loopback: whoever has the key may send every client anywhere.
    admin_listen:
      ip: 127.0.0.1
      port: 9181
    allow_admin: ["127.0.0.0/8"]
    enable_admin_ui: false
    # Without a key of its own APISIX makes one up and writes this file anew.
    admin_key:
      - name: admin
        key: "$${{APISIX_ADMIN_KEY}}"
        role: admin
apisix:
  # What happens when no instance of a service is healthy.
  extra_lua_path: "/local/?.lua"
  lua_module_hook: when-empty
  node_listen: [9080]
  enable_ipv6: true
  ssl:
    enable: true
    listen: [{ port: 9443 }]
  # /status/ready is good once every worker has its routes: until then Consul names this gateway to nobody.
  status:
    ip: [[ env "NOMAD_IP_http" ]]
    port: 7085
  # What is sick, what Consul said: for people on this machine.
  enable_control: true
  control:
    ip: 127.0.0.1
    port: 9090
  # The keys that APISIX comes with are known to everybody.
  data_encryption:
    enable_encrypt_fields: true
    keyring: ["$${{APISIX_DATA_ENCRYPTION_KEY}}"]
nginx_config:
  worker_processes: 1
  # How long requests of a gateway that stops may go on.
  worker_shutdown_timeout: 30s
  envs: ["APISIX_ADMIN_KEY","APISIX_DATA_ENCRYPTION_KEY"]
  http:
    enable_access_log: true
discovery:
  consul:
    # The machine's own agent. Each entry is a cluster of its own here, so a second one would make nothing safer.
    servers: ["http://127.0.0.1:8500"]
    timeout:
      connect: 2000
      # An agent answers up to a sixteenth of 'wait' late, and a request that is cut makes the gateway wait 1, 4, 16, 64,
      # then 256 s before it asks again.
      read: 5000
      wait: 60
    # Names of services and their instances; one that is too small would lose some of them silently.
    shared_size: 16m
    # Any change of any service makes it ask for every service again: not for those that nobody routes to.
    skip_services: ["consul","nomad","nomad-client","front"]
    # What it knew last is there at once after a restart, when Consul is away, too.
    dump:
      path: /alloc/data/consul.json
      load_on_init: true
      expire: 2592000
# Only these: a smaller surface, and less to load. A route with another one would be dropped.
plugins: ["api-breaker","cors","ip-restriction","jwt-auth","key-auth","limit-count","limit-req","prometheus","proxy-rewrite","real-ip","redirect","request-id","traffic-split"]
stream_plugins: ["ip-restriction","prometheus","traffic-split"]
plugin_attr:
  # Where clients are sent from http to https: the port that they use, which a director may lead to another one.
  redirect: {"https_port":443}
EOH
        destination     = "local/config.yaml"
        change_mode     = "restart"
        left_delimiter  = "[["
        right_delimiter = "]]"
      }

      template {
        data        = "{{ with nomadVar \"nomad/jobs/front\" }}APISIX_ADMIN_KEY={{ .APISIX_ADMIN_KEY.Value | toJSON }}\nAPISIX_DATA_ENCRYPTION_KEY={{ .APISIX_DATA_ENCRYPTION_KEY.Value | toJSON }}\n{{ end }}"
        destination = "secrets/gateway.env"
        change_mode = "noop"
        env         = true
      }

      template {
        data        = <<EOH
-- A module hook of APISIX (apisix.lua_module_hook). The nodes of an upstream are the healthy instances in Consul; where there is none,
-- APISIX answers 503 at once. Often that is an accident of the checks, not of every instance: a busy machine answered one too late. So
-- the last nodes stay for a while, as they do on a director.
--
-- An upstream says for how long: discovery_args.grace_seconds, 0 for not at all, -1 for good.

require("apisix") -- sets up the runtime, and has to be first
local consul = require("apisix.discovery.consul")
local find, init_worker = consul.nodes, consul.init_worker

local GRACE_SECONDS = 30

-- By service: the nodes that it had last, and since when it has none.
local last, gone = {}, {}

local function kept(name, args)
    local grace = args and args.grace_seconds or GRACE_SECONDS
    if grace < 0 or ngx.now() - gone[name] < grace then
        return last[name]
    end
end

function consul.nodes(name, args)
    local nodes = gone[name] and kept(name, args)
    if nodes then
        return nodes
    end
    local found, err = find(name, args)
    if found or gone[name] then
        return found, err
    end
    -- Gone since this second, which the timer has not seen yet.
    gone[name] = ngx.now()
    return kept(name, args), err
end

local function look()
    local services = consul.all_nodes()
    for name, nodes in pairs(services) do
        last[name], gone[name] = nodes, nil
    end
    for name in pairs(last) do
        if not services[name] then
            gone[name] = gone[name] or ngx.now()
        end
    end
end

-- Every worker looks once a second: it knows services that it was not asked for, too.
function consul.init_worker()
    init_worker()
    ngx.timer.at(0, look)
    ngx.timer.every(1, look)
end
EOH
        destination = "local/when-empty.lua"
        change_mode = "noop"
      }

      template {
        data        = <<EOH
#!/bin/sh
set -eu
if ! cd /usr/local/apisix 2>/dev/null; then
  echo "this image is no APISIX: it has no /usr/local/apisix" >&2
  exit 1
fi

# APISIX does not start where the machine names no resolver. Consul's agent is one, for Consul's own names at least.
resolver='/^apisix:$/a\  dns_resolver: ["127.0.0.1:8600"]'
if grep -q '^nameserver' /etc/resolv.conf; then resolver=; fi
sed "$resolver" /local/config.yaml > conf/config.yaml.new
mv conf/config.yaml.new conf/config.yaml
if [ "$${1:-start}" = reload ]; then exec apisix reload; fi

apisix init
apisix init_etcd
exec openresty -p /usr/local/apisix -g 'daemon off;'
EOH
        destination = "local/start"
        change_mode = "noop"
      }

      resources {
        cpu    = 200
        memory = 256
      }
    }
  }
}
