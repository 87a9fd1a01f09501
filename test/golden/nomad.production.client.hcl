==> nomad.hcl
# What this agent is; server.hcl and client.hcl say what it does.
name = "web"
region = "global"
datacenter = "dc1"
data_dir = "/var/lib/nomad"
bind_addr = "10.0.0.14"
addresses {
  http = "127.0.0.1 10.0.0.14"
}
advertise {
  http = "10.0.0.14"
  rpc = "10.0.0.14"
  serf = "10.0.0.14"
}
disable_update_check = true
consul {
  address = "127.0.0.1:8500"
}
tls {
  http = true
  rpc = true
  ca_file = "/run/vipstack-nomad/authority.pem"
  cert_file = "/run/vipstack-nomad/agent.pem"
  key_file = "/run/vipstack-nomad/agent.pem"
  verify_server_hostname = true
  verify_https_client = true
  tls_min_version = "tls12"
}
acl {
  enabled = true
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
