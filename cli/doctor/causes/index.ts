import { Cause } from "../cause";
import { ASYMMETRIC_RETURN } from "./asymmetric-return";
import { CONNECTION_TABLE_FULL } from "./connection-table";
import { CONSUL_AWAY, CONSUL_EMPTY, JOB_UNHEALTHY } from "./consul";
import { FIREWALL } from "./firewall";
import { GATEWAY_WITHOUT_ROUTE } from "./gateway";
import { INVALID_RETRACKED } from "./invalid-packets";
import { DIRECTOR_AWAY, REAL_SERVER_AWAY } from "./machine-away";
import { PACKET_LOSS } from "./packet-loss";
import { PORT_REFUSED } from "./real-server-port";
import { MODULE_MISSING, RULES_MISSING, STALE_REAL_SERVER } from "./rules";
import { MACHINE_STANDS_STILL } from "./standstill";
import { REVERSE_PATH, TUNNEL_CLOSED, TUNNEL_MTU } from "./tunnel";
import { ARP_ANSWERED, FOREIGN_DNAT, VIP_MISSING } from "./virtual-address";

/** All causes, the most certain ones first: tables and settings come before packets. */
export const CAUSES: readonly Cause[] = [
  DIRECTOR_AWAY,
  MODULE_MISSING,
  RULES_MISSING,
  VIP_MISSING,
  FOREIGN_DNAT,
  FIREWALL,
  CONNECTION_TABLE_FULL,
  ARP_ANSWERED,
  REVERSE_PATH,
  TUNNEL_CLOSED,
  TUNNEL_MTU,
  CONSUL_AWAY,
  CONSUL_EMPTY,
  JOB_UNHEALTHY,
  STALE_REAL_SERVER,
  REAL_SERVER_AWAY,
  PORT_REFUSED,
  GATEWAY_WITHOUT_ROUTE,
  ASYMMETRIC_RETURN,
  INVALID_RETRACKED,
  PACKET_LOSS,
  MACHINE_STANDS_STILL,
];
