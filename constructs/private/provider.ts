import { IConstruct } from "constructs";
import { Failure } from "./failure";
import { Validation } from "./validation";

/** The bindings of Terraform's providers that constructs make resources of. */
interface Bindings {
  readonly "@cdktf/provider-consul/lib/config-entry": typeof import("@cdktf/provider-consul/lib/config-entry");
  readonly "@cdktf/provider-consul/lib/keys": typeof import("@cdktf/provider-consul/lib/keys");
  readonly "@cdktf/provider-consul/lib/node": typeof import("@cdktf/provider-consul/lib/node");
  readonly "@cdktf/provider-consul/lib/provider": typeof import("@cdktf/provider-consul/lib/provider");
  readonly "@cdktf/provider-consul/lib/service": typeof import("@cdktf/provider-consul/lib/service");
  readonly "@cdktf/provider-nomad/lib/job": typeof import("@cdktf/provider-nomad/lib/job");
  readonly "@cdktf/provider-nomad/lib/provider": typeof import("@cdktf/provider-nomad/lib/provider");
  readonly "@cdktf/provider-nomad/lib/variable": typeof import("@cdktf/provider-nomad/lib/variable");
}

/** Node looks for a package's file each time that it is required, which takes longer than to make a resource of it. */
const loaded = new Map<keyof Bindings, unknown>();

/**
 * A binding of one of Terraform's providers, loaded by the construct that needs it. The packages are optional peers: a program
 * of machines and directors only works without them.
 *
 * @throws ValidationError where its package is not installed
 */
export function providerBinding<Path extends keyof Bindings>(scope: IConstruct, path: Path): Bindings[Path] {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it in every program
    const binding = (loaded.get(path) ?? require(path)) as Bindings[Path];
    loaded.set(path, binding);
    return binding;
  } catch (error) {
    const name = path.split("/").slice(0, 2).join("/");
    if (!isMissing(error, name)) throw error;
    const validation = new Validation(scope);
    validation.add(missingPackage(name));
    validation.finish();
    throw error;
  }
}

function isMissing(error: unknown, name: string): boolean {
  return error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND" && error.message.includes(name);
}

function missingPackage(name: string): Failure {
  return {
    property: name,
    rule: "must be installed for this construct, which is a resource of its Terraform provider",
    cure: `npm install ${name}@10`,
  };
}
