export { Snapshot, snapshotOf } from "./snapshot";
