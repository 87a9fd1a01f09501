==> consul.hcl
# What this agent is. Who else is in the cluster: cluster.hcl.
datacenter = "dc1"
node_name = "s1"
data_dir = "/var/lib/consul"
bind_addr = "10.0.0.11"
advertise_addr = "10.0.0.11"
server = true
client_addr = "127.0.0.1"
addresses {
  http = "127.0.0.1 10.0.0.11"
}
ports {
  grpc_tls = -1
}
performance {
  raft_multiplier = 5
}
ui_config {
  enabled = true
}
disable_update_check = true

==> cluster.hcl
# The cluster's servers.
bootstrap_expect = 3
autopilot {
  min_quorum = 3
}
retry_join = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
retry_interval = "3s"
