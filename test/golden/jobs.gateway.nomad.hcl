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
# No etcd and no Admin API: routes come as a file, rendered from Consul's key/value store.
deployment:
  role: data_plane
  role_data_plane:
    config_provider: yaml
apisix:
  # What happens when no instance of a service is healthy.
  extra_lua_path: "/local/?.lua"
  lua_module_hook: when-empty
  node_listen: [9080]
  enable_ipv6: true
  ssl:
    enable: true
    listen: [{ port: 9443 }]
  # /status/ready is good once every worker has its routes: until then Consul calls it critical.
  status:
    ip: [[ env "NOMAD_IP_http" ]]
    port: 7085
  # What is sick, what Consul said: for people on this machine.
  enable_control: true
  control:
    ip: 127.0.0.1
    port: 9090
  # The keys that APISIX comes with are public.
  data_encryption:
    # Nothing is stored, so nothing has to be encrypted.
    enable_encrypt_fields: false
    keyring: null
nginx_config:
  worker_processes: 1
  # How long requests of a gateway that stops may go on.
  worker_shutdown_timeout: 30s
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
    # Any change of any service makes it ask for every service again: not for those without a route.
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
        data        = <<EOH
{{- /* One object, a line. What is none is left out, and the others are served. What YAML can't hold is escaped. */ -}}
{{- define "object" }}{{ $object := sprig_fromJson .Value -}}
{{ $line := toJSON $object | replaceAll "$${{" "\u0024{{"
  | replaceAll "\u007f" "\\u007f" | replaceAll "\u0080" "\\u0080" | replaceAll "\u0081" "\\u0081"
  | replaceAll "\u0082" "\\u0082" | replaceAll "\u0083" "\\u0083" | replaceAll "\u0084" "\\u0084"
  | replaceAll "\u0085" "\\u0085" | replaceAll "\u0086" "\\u0086" | replaceAll "\u0087" "\\u0087"
  | replaceAll "\u0088" "\\u0088" | replaceAll "\u0089" "\\u0089" | replaceAll "\u008a" "\\u008a"
  | replaceAll "\u008b" "\\u008b" | replaceAll "\u008c" "\\u008c" | replaceAll "\u008d" "\\u008d"
  | replaceAll "\u008e" "\\u008e" | replaceAll "\u008f" "\\u008f" | replaceAll "\u0090" "\\u0090"
  | replaceAll "\u0091" "\\u0091" | replaceAll "\u0092" "\\u0092" | replaceAll "\u0093" "\\u0093"
  | replaceAll "\u0094" "\\u0094" | replaceAll "\u0095" "\\u0095" | replaceAll "\u0096" "\\u0096"
  | replaceAll "\u0097" "\\u0097" | replaceAll "\u0098" "\\u0098" | replaceAll "\u0099" "\\u0099"
  | replaceAll "\u009a" "\\u009a" | replaceAll "\u009b" "\\u009b" | replaceAll "\u009c" "\\u009c"
  | replaceAll "\u009d" "\\u009d" | replaceAll "\u009e" "\\u009e" | replaceAll "\u009f" "\\u009f"
  | replaceAll "\u2028" "\\u2028" | replaceAll "\u2029" "\\u2029" | replaceAll "\ufeff" "\\ufeff"
  | replaceAll "\ufffe" "\\ufffe" | replaceAll "\uffff" "\\uffff" -}}
{{ if or (not (sprig_kindIs "map" $object)) (regexMatch `"([^"\\]|\\.){1000}([^"\\]|\\.)*":` $line) -}}
# left out, since it is no JSON object, or a field's name has more than 999 characters: {{ .Key | regexReplaceAll "[^\\w./-]" "?" }}
{{ else }}  - {{ $line }}
{{ end }}{{ end -}}
# From apisix/front/ in Consul's key/value store: an object a key. Edit it there.
routes:
{{ range ls "apisix/front/routes" }}{{ template "object" . }}{{ end }}services:
{{ range ls "apisix/front/services" }}{{ template "object" . }}{{ end }}upstreams:
{{ range ls "apisix/front/upstreams" }}{{ template "object" . }}{{ end }}consumers:
{{ range ls "apisix/front/consumers" }}{{ template "object" . }}{{ end }}ssls:
{{ range ls "apisix/front/ssls" }}{{ template "object" . }}{{ end }}stream_routes:
{{ range ls "apisix/front/stream_routes" }}{{ template "object" . }}{{ end }}global_rules:
{{ range ls "apisix/front/global_rules" }}{{ template "object" . }}{{ end }}plugin_metadata:
{{ range ls "apisix/front/plugin_metadata" }}{{ template "object" . }}{{ end }}#END
EOH
        destination = "local/apisix.yaml"
        change_mode = "noop"

        wait {
          min = "1.5s"
          max = "5s"
        }
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

ln -sf /local/apisix.yaml conf/apisix.yaml
apisix init
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
