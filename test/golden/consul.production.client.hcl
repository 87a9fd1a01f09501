==> consul.hcl
# What this agent is. Who else is in the cluster: cluster.hcl.
datacenter = "dc1"
node_name = "web"
data_dir = "/var/lib/consul"
bind_addr = "10.0.0.14"
advertise_addr = "10.0.0.14"
client_addr = "127.0.0.1"
tls {
  defaults {
    ca_file = "/run/vipstack-consul/authority.pem"
    cert_file = "/run/vipstack-consul/agent.pem"
    key_file = "/run/vipstack-consul/agent.pem"
    verify_incoming = true
    verify_outgoing = true
    tls_min_version = "TLSv1_2"
  }
  internal_rpc {
    verify_server_hostname = true
  }
}
acl {
  enabled = true
  default_policy = "deny"
  down_policy = "extend-cache"
}
disable_update_check = true

==> cluster.hcl
# The cluster's servers.
retry_join = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
retry_interval = "3s"
