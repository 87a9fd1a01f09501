import { changedServer, servicesOf } from "./control-rules";
import { FOLDER } from "./director-shell";

const SETTINGS = `${FOLDER}/keepalived.conf`;
const PROCESS = `${FOLDER}/keepalived.pid`;

/** Settings of keepalived for the services of {@link servicesOf}, without checks: vipstack's rules have none there either. */
export function keepalivedSettings(servers: number, weight: number): string {
  const services = servicesOf(servers, weight).flatMap(({ endpoints, scheduler, realServers }) =>
    endpoints.map((endpoint) =>
      [
        `virtual_server ${endpoint.address} ${endpoint.port} {`,
        `  lb_algo ${scheduler.word}`,
        "  lb_kind NAT",
        "  protocol TCP",
        ...realServers.flatMap((server) => [
          `  real_server ${server.address} ${server.port} {`,
          `    weight ${server.weight}`,
          "  }",
        ]),
        "}",
      ].join("\n"),
    ),
  );
  return `${["global_defs {\n  router_id bench\n}", ...services].join("\n")}\n`;
}

/** Starts keepalived without VRRP, and waits until the kernel has every real server. */
export function startKeepalived(file: string, servers: number): string {
  const process = `keepalived --check --use-file ${SETTINGS} --pid ${PROCESS} --checkers_pid ${PROCESS}.checkers`;
  return `cp ${file} ${SETTINGS}; ${process}; ${until(`test "$(grep -c Masq /proc/net/ip_vs)" -ge ${servers}`)}`;
}

/** Has keepalived read a file with another weight, and waits until the kernel has it. */
export function reloadKeepalived(file: string, servers: number, weight: number): string {
  const { address, port } = changedServer(servers);
  const line = `${hexadecimal(address, port)} +Masq +${weight} `;
  return `cp ${file} ${SETTINGS}; kill -HUP "$(cat ${PROCESS})"; ${until(`grep -Eq '${line}' /proc/net/ip_vs`)}`;
}

/** Also where it does not run. With it go its services. */
export function stopKeepalived(): string {
  const running = `kill "$(cat ${PROCESS})"; ${until(`! test -e ${PROCESS}`)}`;
  return `if test -e ${PROCESS}; then ${running}; fi`;
}

/** Gives up after 30 s at the earliest: then it fails, and says what it waited for. */
function until(condition: string): string {
  const tries = 3000;
  return `tries=${tries}; until ${condition}; do tries=$((tries - 1)); test $tries -gt 0; sleep 0.01; done`;
}

/** `0A630001:0050`, as the kernel lists them. */
function hexadecimal(address: string, port: number): string {
  const digits = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, "0");
  return `${address
    .split(".")
    .map((part) => digits(Number(part), 2))
    .join("")}:${digits(port, 4)}`;
}
