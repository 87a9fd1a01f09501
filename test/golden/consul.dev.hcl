==> consul.hcl
# What this agent is. Who else is in the cluster: cluster.hcl.
datacenter = "dc1"
node_name = "server"
data_dir = "/var/lib/consul"
bind_addr = "10.0.0.11"
advertise_addr = "10.0.0.11"
server = true
client_addr = "0.0.0.0"
connect {
  enabled = true
}
ports {
  grpc = 8502
  grpc_tls = -1
}
performance {
  raft_multiplier = 1
}
ui_config {
  enabled = true
}
disable_update_check = true

==> cluster.hcl
# The cluster's servers.
bootstrap_expect = 1
retry_join = ["10.0.0.11"]
retry_interval = "3s"
