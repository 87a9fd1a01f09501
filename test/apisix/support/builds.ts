import {
  Consumer,
  Plugin,
  Route,
  RouteProps,
  Upstream,
  UpstreamHealthCheck,
  UpstreamOptions,
} from "../../../constructs";
import { Build } from "./gateway";

/** An upstream of one node. */
export function nodes(options: UpstreamOptions = {}): Upstream {
  return Upstream.toNodes({ "10.0.0.5:80": 1 }, options);
}

/** A route `hello` that is good but for what is given. */
export function route(props: Partial<RouteProps>): Build {
  return (stack, gateway) => new Route(stack, "hello", { gateway, uri: "/hello", upstream: nodes(), ...props });
}

/** The same with an upstream that has these options. */
export function upstream(options: UpstreamOptions): Build {
  return route({ upstream: nodes(options) });
}

/** The same with these checks of its upstream, whatever their types say. */
export function checks(options: object): Build {
  return upstream({ checks: options as UpstreamHealthCheck });
}

/** The same with plugins. */
export function plugin(...plugins: Plugin[]): Build {
  return route({ plugins });
}

/** A consumer `jack` with plugins. */
export function consumer(...plugins: Plugin[]): Build {
  return (stack, gateway) => new Consumer(stack, "jack", { gateway, plugins });
}
