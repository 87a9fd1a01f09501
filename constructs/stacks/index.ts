export { ClusterStackProps, HttpCluster } from "./cluster-stack";
export { defineInventory, Inventory, MachineEntry } from "./inventory";
export { MachinesStack, MachinesStackProps } from "./machines-stack";
export { PlatformStack, PlatformStackProps } from "./platform-stack";
export { WorkloadsStack, WorkloadsStackProps } from "./workloads-stack";
