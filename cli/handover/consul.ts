import { AgentApi } from "../agent-api";
import { ClusterObject, ObjectOf } from "./objects";

type ConsulObject = Exclude<ClusterObject, { kind: "job" | "variable" }>;

/** Whether Consul has the object just so. Fields that Consul adds by itself don't count. */
export async function consulHas(consul: AgentApi, object: ConsulObject): Promise<boolean> {
  switch (object.kind) {
    case "key": {
      const [found] = (await consul.get<StoredKey[]>(keyPath(object))) ?? [];
      return (
        found !== undefined &&
        Buffer.from(found.Value ?? "", "base64").toString("utf8") === object.value &&
        found.Flags === object.flags
      );
    }
    case "config-entry":
      return contains(await consul.get(`/v1/config/${encodePath(object.path)}`), object.entry);
    case "node": {
      const { Node, Address, NodeMeta } = object.node;
      return contains((await catalogNode(consul, Node))?.Node, { Address, Meta: NodeMeta });
    }
    case "service":
      return contains(
        (await catalogNode(consul, object.node))?.Services?.find(({ ID }) => ID === object.service.ID),
        object.service,
      );
  }
}

export async function writeToConsul(consul: AgentApi, object: ConsulObject): Promise<void> {
  switch (object.kind) {
    case "key":
      await consul.send("PUT", `${keyPath(object)}?flags=${object.flags}`, object.value);
      return;
    case "config-entry":
      await consul.send("PUT", "/v1/config", object.entry);
      return;
    case "node":
      await consul.send("PUT", "/v1/catalog/register", object.node);
      return;
    case "service": {
      const { node: Node, service } = object;
      await consul.send("PUT", "/v1/catalog/register", {
        Node,
        Address: service.Address,
        SkipNodeUpdate: true,
        Service: service,
      });
    }
  }
}

export async function removeFromConsul(consul: AgentApi, object: ConsulObject): Promise<void> {
  switch (object.kind) {
    case "key":
      if (!object.keep) await consul.send("DELETE", keyPath(object));
      return;
    case "config-entry":
      await consul.send("DELETE", `/v1/config/${encodePath(object.path)}`);
      return;
    case "node":
      await consul.send("PUT", "/v1/catalog/deregister", { Node: object.node.Node });
      return;
    case "service":
      await consul.send("PUT", "/v1/catalog/deregister", { Node: object.node, ServiceID: object.service.ID });
  }
}

/** Whether everything of `wanted` is in `found`, at any depth; lists have to be equal in length. */
export function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  if (Array.isArray(wanted)) {
    const list = (found ?? []) as unknown[];
    return Array.isArray(list) && list.length === wanted.length && wanted.every((one, i) => contains(list[i], one));
  }
  // Consul may leave out what is empty.
  if (Object.keys(wanted).length === 0) return true;
  if (typeof found !== "object" || found === null) return false;
  return Object.entries(wanted).every(([key, value]) => contains((found as Record<string, unknown>)[key], value));
}

/** Of `/v1/catalog/node` a token gets only services whose id, not their name, its policy allows. */
function catalogNode(consul: AgentApi, name: string): Promise<CatalogNode | undefined> {
  return consul.get(`/v1/catalog/node-services/${encodeURIComponent(name)}`);
}

function keyPath({ path }: ObjectOf<"key">): string {
  return `/v1/kv/${encodePath(path)}`;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

interface StoredKey {
  readonly Value: string | null;
  readonly Flags: number;
}

interface CatalogNode {
  readonly Node?: unknown;
  readonly Services?: readonly { readonly ID: string }[];
}
