import { Inventory } from "../inventory/inventory";

/**
 * Where this host reaches an agent's HTTP interface; a constant of synth, since Terraform can't plan with a provider whose
 * address comes from a resource. The lab's machines are in a network of their own: there it is one of the lab's forwards.
 *
 * @param httpAddress as the machines reach it: `http://192.168.139.24:8500`
 */
export function providerAddress({ name, backend = "lab", forwards }: Inventory, httpAddress: string): string {
  if (backend !== "lab") return httpAddress;
  const { host, hostname, protocol } = new URL(httpAddress);
  if (hostname.startsWith("127.")) return httpAddress;
  const forward = forwards?.find(({ to }) => to === host);
  if (forward !== undefined) return `${protocol}//127.0.0.1:${forward.listen}`;
  throw new Error(
    `inventory '${name}': nothing leads from this host to ${httpAddress}, which is inside the lab: ` +
      `add { listen: ${new URL(httpAddress).port}, to: "${host}" } to its forwards`,
  );
}
