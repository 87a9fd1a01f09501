export { Firewall } from "./firewall";
export { iptablesFiles, iptablesFolder, IPTABLES_PROGRAM, IPTABLES_UNIT, LAST_GOOD, NO_RULES } from "./iptables-folder";
export { announceFollower, announceUse, followersOf, knownUsersOf, Sources } from "./port-users";
export { chainName, IptablesRules, SLOTS, slotsOf, Table } from "./render/iptables";
export { KEEPER_PERIOD, KeeperProps, keeperUnits } from "./render/keeper";
export { limitFailures, networksOf, sourceFailures } from "./sources";
