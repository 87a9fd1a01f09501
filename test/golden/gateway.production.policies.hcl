==> gateway-front-gw
key_prefix "apisix/front/" {
  policy = "read"
}
service_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}

==> service-front-9080-gw
service "front" {
  policy = "write"
}

==> terraform-platform
agent_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}
key "apisix/other" {
  policy = "write"
}
key_prefix "apisix/front/" {
  policy = "write"
}
service "front" {
  policy = "read"
}

==> turn-front-gw
agent "gw" {
  policy = "read"
}
session "gw" {
  policy = "write"
}
key_prefix "vipstack/gateway/front/" {
  policy = "write"
}
