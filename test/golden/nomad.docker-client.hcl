==> nomad.hcl
# What this agent is; server.hcl and client.hcl say what it does.
name = "web1"
region = "global"
datacenter = "dc1"
data_dir = "/var/lib/nomad"
bind_addr = "10.0.0.12"
addresses {
  http = "127.0.0.1 10.0.0.12"
}
advertise {
  http = "10.0.0.12"
  rpc = "10.0.0.12"
  serf = "10.0.0.12"
}
disable_update_check = true
consul {
  address = "127.0.0.1:8500"
}

==> client.hcl
# A client. It finds its servers by Consul.
client {
  enabled = true
  network_interface = "eth0"
  min_dynamic_port = 20000
  max_dynamic_port = 32000
  cni_path = "/opt/cni/bin"
}
plugin "docker" {
  config {
    allow_privileged = false
    volumes {
      enabled = false
    }
    gc {
      image = true
      image_delay = "3m"
      container = true
    }
  }
}
plugin "raw_exec" {
  config {
    enabled = false
  }
}
