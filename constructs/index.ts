export * from "./caddy";
export * from "./consul";
export * from "./deployment";
export * from "./lvs";
export * from "./machine";
export { ValidationError } from "./private/validation";
export { Failure } from "./private/failure";
