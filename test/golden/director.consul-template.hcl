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
  destination = "/run/vipstack/consul/web.instances"
  # consul-template takes templates with one text for one, and forgets the second file: the name tells them apart.
  contents    = <<EOT
{{- /* web */ -}}
{{ range service "hello-world-servers|passing" -}}
{"address":{{ toJSON .Address }},"port":{{ .Port }},"weight":{{ .Weights.Passing }},"metaWeight":{{ toJSON (index .ServiceMeta "vipstack-weight") }},"node":{{ toJSON .Node }},"id":{{ toJSON .ID }}}
{{ end -}}
{"instances":{{ len (service "hello-world-servers|passing") }},"service":"hello-world-servers"}
EOT
  perms       = "0644"

  # Flapping is damped: once nothing changed for min, at the latest after max.
  wait {
    min = "1s"
    max = "4s"
  }
  exec {
    command = ["systemctl", "--no-block", "try-reload-or-restart", "vipstack-ipvs.service"]
  }
}

template {
  destination = "/run/vipstack/consul/canary.instances"
  # consul-template takes templates with one text for one, and forgets the second file: the name tells them apart.
  contents    = <<EOT
{{- /* canary */ -}}
{{ range service "v2.hello-world-servers@west|passing" -}}
{"address":{{ toJSON .Address }},"port":{{ .Port }},"weight":{{ .Weights.Passing }},"metaWeight":{{ toJSON (index .ServiceMeta "vipstack-weight") }},"node":{{ toJSON .Node }},"id":{{ toJSON .ID }}}
{{ end -}}
{"instances":{{ len (service "v2.hello-world-servers@west|passing") }},"service":"hello-world-servers"}
EOT
  perms       = "0644"

  # Flapping is damped: once nothing changed for min, at the latest after max.
  wait {
    min = "0s"
    max = "10s"
  }
  exec {
    command = ["systemctl", "--no-block", "try-reload-or-restart", "vipstack-ipvs.service"]
  }
}
