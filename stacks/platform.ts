import { App } from "cdktf";
import { ConsulServer, IGateway, PlatformStack, Route, Upstream, WebJob } from "vipstack";

/** The gateway's routes, which are keys in Consul. */
export class ChainPlatform extends PlatformStack {
  constructor(app: App, props: { readonly consul: ConsulServer }) {
    super(app, "platform", props);
  }

  addRoutes({ gateway, hello }: { readonly gateway: IGateway; readonly hello: WebJob }): void {
    Route.toJob(this, "hello", hello, "www", { gateway, uri: "/*" });
    new Route(this, "getting-started-ip", {
      gateway,
      uri: "/ip",
      methods: ["GET"],
      upstream: Upstream.toNodes(
        { [process.env.HTTPBIN ?? "httpbin.org:80"]: 1 },
        {
          passHost: "pass",
          checks: {
            active: { type: "http", timeout: "2s", healthy: { interval: "1s", successes: 1, httpStatuses: [200] } },
          },
        },
      ),
    });
  }
}
