# The local agent. It is asked again without end: who gives up would have to be started again.
consul {
  address = "127.0.0.1:8500"
  retry {
    attempts    = 0
    backoff     = "250ms"
    max_backoff = "15s"
  }
}
log_level = "warn"

template {
  destination = "/var/lib/vipstack/gateway/front/document/apisix.yaml"
  contents    = <<EOT
# From apisix/front/ in Consul's key/value store: an object a key. Edit it there.
routes:
{{ range ls "apisix/front/routes" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}services:
{{ range ls "apisix/front/services" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}upstreams:
{{ range ls "apisix/front/upstreams" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}consumers:
{{ range ls "apisix/front/consumers" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}ssls:
{{ range ls "apisix/front/ssls" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}stream_routes:
{{ range ls "apisix/front/stream_routes" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}global_rules:
{{ range ls "apisix/front/global_rules" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}plugin_metadata:
{{ range ls "apisix/front/plugin_metadata" }}  - {{ .Value | parseJSON | toJSON }}
{{ end }}#END
EOT
  # The gateway's workers are no root. Nothing secret is in it.
  perms       = "0644"
  # An object that is no JSON changes nothing: the last good file stays.
  error_fatal = false
  wait {
    min = "1500ms"
    max = "5s"
  }
}
