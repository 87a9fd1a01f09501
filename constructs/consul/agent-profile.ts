/** What an agent is set up for. */
export enum AgentProfile {
  /**
   * One server, reached on every address of its machine: what `consul agent -dev -client 0.0.0.0` and `nomad agent -dev` give,
   * but data outlives a restart. For a laptop or a lab: any host that reaches the machine has full access.
   */
  DEV = "dev",
  /** 1, 3 or 5 servers that find each other and agree on a leader; interfaces open no wider than their use needs. */
  CLUSTER = "cluster",
}
