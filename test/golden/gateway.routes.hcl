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
{{- /* One object, a line. What is none is left out, and the others are served. What YAML can't hold is escaped. */ -}}
{{- define "object" }}{{ $object := sprig_fromJson .Value -}}
{{ $line := toJSON $object | replaceAll "${{" "\u0024{{"
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
EOT
  # The gateway's workers are no root. Nothing secret is in it.
  perms       = "0644"
  error_fatal = false
  wait {
    min = "1500ms"
    max = "5s"
  }
}
