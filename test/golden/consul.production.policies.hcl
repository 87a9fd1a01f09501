==> agent-box
node "box" {
  policy = "write"
}
agent "box" {
  policy = "write"
}
service_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}

==> agent-s1
node "s1" {
  policy = "write"
}
agent "s1" {
  policy = "write"
}
service_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}

==> agent-s2
node "s2" {
  policy = "write"
}
agent "s2" {
  policy = "write"
}
service_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}

==> agent-s3
node "s3" {
  policy = "write"
}
agent "s3" {
  policy = "write"
}
service_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}

==> director-box
service "page" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}

==> service-page-80-s3
service "page" {
  policy = "write"
}

==> terraform-platform
agent_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}
key "web/title" {
  policy = "write"
}
key "web/word" {
  policy = "write"
}
node "database" {
  policy = "write"
}
operator = "write"
service "sql" {
  policy = "write"
  intentions = "write"
}
service "page" {
  policy = "read"
}
