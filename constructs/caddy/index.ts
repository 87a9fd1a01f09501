export { Caddy, CaddyProps } from "./caddy";
