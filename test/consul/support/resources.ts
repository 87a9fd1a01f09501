import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { synth } from "../../support/synth";

export type Resources = Record<string, Record<string, Record<string, unknown>>>;

/** The resources of a stack, without cdktf's own notes in them. */
export function resources(build: Parameters<typeof synth>[0]): Resources {
  const { resource } = synth((stack) => {
    new ConsulProvider(stack, "provider");
    build(stack);
  }, "platform").json as unknown as { resource: Resources };
  for (const byId of Object.values(resource)) for (const one of Object.values(byId)) delete one["//"];
  return resource;
}
