# A client. It finds its servers by Consul.
client {
  enabled = true
  network_interface = "eth0"
  min_dynamic_port = 20000
  max_dynamic_port = 32000
  cpu_total_compute = 4000
  node_class = "small"
  meta {
    rack = "r1"
    "example.com/zone" = "a"
  }
  host_network "inside" {
    cidr = "10.0.0.0/24"
    reserved_ports = "22,80"
  }
  host_network "outside" {
    interface = "eth0"
  }
}
plugin "raw_exec" {
  config {
    enabled = true
  }
}
