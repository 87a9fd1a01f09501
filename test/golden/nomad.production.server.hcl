==> nomad.hcl
# What this agent is; server.hcl and client.hcl say what it does.
name = "s1"
region = "global"
datacenter = "dc1"
data_dir = "/var/lib/nomad"
bind_addr = "10.0.0.11"
addresses {
  http = "127.0.0.1 10.0.0.11"
}
advertise {
  http = "10.0.0.11"
  rpc = "10.0.0.11"
  serf = "10.0.0.11"
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

==> server.hcl
# A server. How many there are: cluster.hcl.
server {
  enabled = true
  raft_multiplier = 5
}

==> cluster.hcl
# The cluster's servers.
server {
  bootstrap_expect = 3
}
