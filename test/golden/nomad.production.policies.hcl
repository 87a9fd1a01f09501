==> nomad-s1
agent "s1" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}
service "nomad" {
  policy = "write"
}

==> nomad-web
agent "web" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}
service "nomad" {
  policy = "read"
}
service "nomad-client" {
  policy = "write"
}
key "shop/title" {
  policy = "read"
}
key "shop/word" {
  policy = "read"
}
key_prefix "shop/items" {
  policy = "read"
}
service "database" {
  policy = "read"
}
service "shop" {
  policy = "write"
}
