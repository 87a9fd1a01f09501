import { Annotations, Aspects, TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";
import { announcedServices, ConsulKeys, folderRule, isAnnounced, needRules } from "../consul";
import { describeFailure, Failure } from "../private/failure";
import { checkAtSynth, refuse, Validation } from "../private/validation";
import { hiddenAddressWarnings } from "./client-address";
import { IGateway, isRefusedSecret } from "./gateway-base";
import { neighboursAmong } from "./neighbours";
import { ApisixObject, Leaf, leavesOf, MOST_OF_A_NAME, oneLine } from "./render/document";
import type { Upstream } from "./upstream";
import { environmentName, textFailures } from "./values";

/** Kinds of APISIX objects, as its configuration file names them. */
export type ObjectKind =
  "routes" | "services" | "upstreams" | "consumers" | "ssls" | "stream_routes" | "global_rules" | "plugin_metadata";

/** One APISIX object that is given to a gateway. */
export interface GatewayObject {
  /** Of the construct that it belongs to. */
  readonly path: string;
  readonly kind: ObjectKind;
  /** Its `id`, for a consumer its `username`. */
  readonly id: string;
  /** The object as APISIX reads it, id included. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Properties of every object of a gateway. */
export interface GatewayObjectProps {
  /** The gateway that gets it. */
  readonly gateway: IGateway;
  /** Changes the object, in APISIX's own names, before it is written; the result is not checked. @default - unchanged */
  readonly override?: (document: Record<string, unknown>) => Record<string, unknown>;
}

/** Properties of objects with an id, a name and a description. */
export interface DescribedProps extends GatewayObjectProps {
  /** Its id in APISIX: 1 to 64 letters, digits, `-`, `_` and `.`. @default - the construct's id */
  readonly objectId?: string;
  /** Its name, 1 to 256 characters. @default - its id */
  readonly name?: string;
  /** Its description, at most 256 characters. @default - none */
  readonly desc?: string;
  /** Labels; values have 1 to 256 characters, and no white space. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The object in which an upstream or a plugin is used, as far as it matters whether APISIX takes it. */
export interface ObjectContext {
  readonly kind: ObjectKind;
  /** Of the object: its `id`, for a consumer its `username`. */
  readonly id: string;
  /** The gateway's APISIX: `3.18.0`. */
  readonly version: string;
  /** The plugins that the gateway loads. */
  readonly plugins: readonly string[];
}

/** An object, or a part of one, before it is written. */
export interface Draft {
  readonly fields: ApisixObject;
  readonly failures: readonly Failure[];
  /** Inline upstreams. */
  readonly upstreams: readonly UsedUpstream[];
  /** Upstreams that have to be objects of their own. */
  readonly ownUpstreams: readonly OwnUpstream[];
  /** Objects that it names by their ids. */
  readonly references: readonly GatewayObjectBase[];
}

/** An upstream, and where the caller wrote it. */
export interface UsedUpstream {
  readonly at: string;
  readonly upstream: Upstream;
}

export interface OwnUpstream extends UsedUpstream {
  /** Of its construct. */
  readonly name: string;
  readonly objectId: string;
}

/** A draft that has these parts, and nothing else. */
export function draft(part: Partial<Draft>): Draft {
  return { fields: {}, failures: [], upstreams: [], ownUpstreams: [], references: [], ...part };
}

/** One draft of several. */
export function joined(...parts: readonly Draft[]): Draft {
  return {
    fields: Object.assign({}, ...parts.map(({ fields }) => fields)) as ApisixObject,
    failures: parts.flatMap(({ failures }) => failures),
    upstreams: parts.flatMap(({ upstreams }) => upstreams),
    ownUpstreams: parts.flatMap(({ ownUpstreams }) => ownUpstreams),
    references: parts.flatMap(({ references }) => references),
  };
}

/** One object: one key in the gateway's folder of Consul's key/value store. */
export abstract class GatewayObjectBase extends Construct {
  readonly gateway: IGateway;
  /** Its id in APISIX. */
  readonly objectId: string;
  /** What has to be there before an object that names it; none if it is refused. @internal */
  readonly _keys?: ConsulKeys;
  private readonly given: GatewayObject[] = [];
  private readonly followed: readonly UsedUpstream[] = [];

  /** @internal @param make the object, but for its id */
  constructor(
    scope: Construct,
    id: string,
    kind: ObjectKind,
    objectId: string,
    { gateway, override = (document) => document }: GatewayObjectProps,
    make: (context: ObjectContext) => Draft,
  ) {
    super(scope, id);
    this.gateway = gateway;
    this.objectId = objectId;
    const unknown = unknownFailures("objectId", objectId);
    if (unknown.length > 0) {
      refuse(this, unknown);
      return;
    }
    const { version, plugins } = gateway;
    const made = make({ kind, id: objectId, version, plugins });
    // A consumer is called by its name, and has no id beside it.
    const identity = kind === "consumers" ? {} : { id: objectId };
    const document = override({ ...identity, ...made.fields });
    const own = made.ownUpstreams.map((each) => ({
      ...each,
      document: { id: each.objectId, ...each.upstream._render(kind === "stream_routes") },
    }));
    const failures = [document, ...own.map((each) => each.document)].flatMap((each) => unknownFailures("", each));
    const validation = new Validation(this);
    validation.add(...idFailures(kind, id, objectId), ...failures);
    // Of a reference that Terraform resolves later nothing else can be said.
    if (failures.length === 0) {
      validation.add(...made.failures, ...textFailuresOf(leavesOf(document)));
      validation.add(...unknownSecretFailures(document, gateway));
    }
    if (!validation.passes()) return;

    const before = own.map((each) => this.write("upstreams", each.objectId, each.document, each.name, []));
    this._keys = this.write(kind, objectId, document, "Default", [...before, ...this.keysOf(made.references)]);
    this.followed = [...made.upstreams, ...own];
    checkAtSynth(this, () => this.lateFailures().map(describeFailure));
    Aspects.of(this).add({
      visit: (node) => {
        if (node === this) this.warn();
      },
    });
  }

  private write(
    kind: ObjectKind,
    id: string,
    document: ApisixObject,
    construct: string,
    after: readonly ConsulKeys[],
  ): ConsulKeys {
    const keys = { [`${this.gateway.documents}/${kind}/${id}`]: oneLine(document) };
    const object = { path: this.node.path, kind, id, document };
    this.given.push(object);
    this.gateway._add(this, object);
    // The whole folder: the key of an object that leaves the program is to be deleted.
    needRules(this, [folderRule(`${this.gateway.documents}/`)]);
    return new ConsulKeys(this, construct, { keys, after });
  }

  /** A director may be made after it. */
  private warn(): void {
    for (const object of this.given)
      for (const warning of hiddenAddressWarnings(this.gateway, object)) Annotations.of(this).addWarning(warning);
  }

  /** Keys of objects that this one names: in its own stack they come first, another stack comes first as a whole. */
  private keysOf(references: readonly GatewayObjectBase[]): ConsulKeys[] {
    const stack = TerraformStack.of(this);
    return references.flatMap(({ _keys }) => {
      if (_keys === undefined) return [];
      const other = TerraformStack.of(_keys);
      if (other === stack) return [_keys];
      stack.addDependency(other);
      return [];
    });
  }

  /** What can be checked only once the program is complete. */
  private lateFailures(): Failure[] {
    const neighbours = neighboursAmong(this.gateway._objects);
    return [...this.given.flatMap((object) => neighbours.failures(object, this.given)), ...this.unregisteredFailures()];
  }

  private unregisteredFailures(): Failure[] {
    const { root } = this.node;
    const missing = this.followed.filter(
      ({ upstream: { service, elsewhere } }) => service !== undefined && !elsewhere && !isAnnounced(root, service.name),
    );
    if (missing.length === 0) return [];
    const registered = announcedServices(root);
    const list = registered.length === 0 ? "nothing is registered here" : `registered are ${registered.join(", ")}`;
    return missing.map(({ at, upstream }) => ({
      property: at,
      rule: "must lead to a service that something in the program registers",
      got: upstream.service?.name,
      cure: `${list}; where it is registered outside of this program, say elsewhere: true`,
    }));
  }
}

/** What Terraform knows later is nothing that Consul could tell a gateway in time, and none of it is checked. */
function unknownFailures(at: string, value: unknown): Failure[] {
  return leavesOf(value, at)
    .filter((leaf) => Token.isUnresolved(leaf.value))
    .map((leaf) => ({
      property: leaf.at,
      rule: "must be known at synth, and this is a reference that Terraform resolves later",
      cure: 'name a secret by gateway.secret("NAME"), and write everything else itself',
    }));
}

/** An object of another gateway is nothing that this one knows. */
export function strangerFailures(at: string, object: GatewayObjectBase, gateway: IGateway): Failure[] {
  if (object.gateway === gateway) return [];
  const rule = `must be of the same gateway, and ${object.node.path} is of ${object.gateway.node.path}`;
  return [{ property: at, rule, got: object.objectId, cure: `make one for ${gateway.node.path}` }];
}

/** The two ids that an object has: its construct's, which becomes Terraform's, and its own. */
function idFailures(kind: ObjectKind, construct: string, objectId: string): Failure[] {
  const isConsumer = kind === "consumers";
  const property = isConsumer ? "username" : "objectId";
  return [
    // Terraform's names have no dots: 'a.b' and 'ab' would silently become one resource.
    ...textFailures(
      { id: construct },
      /^[\w-]+$/,
      "must have letters, digits, '-' and '_' only",
      `choose another one, and give ${property}: '${objectId}'`,
    ),
    ...(isConsumer
      ? textFailures(
          { username: objectId },
          /^[\w-]{1,256}$/,
          "must be 1 to 256 letters, digits, '-' and '_'",
          "write it like 'jack'",
        )
      : textFailures(
          { objectId },
          /^[\w.-]{1,64}$/,
          "must be 1 to 64 letters, digits, '-', '_' and '.'",
          "write it like 'hello'",
        )),
  ];
}

/**
 * What no text in a document may have: the gateway puts it into a file that APISIX looks through before it reads it, as YAML.
 */
function textFailuresOf(leaves: readonly Leaf[]): Failure[] {
  const variables = leaves
    .filter(({ value }) => typeof value === "string" && value.includes("${{"))
    .map(({ at, value }) => ({
      property: at,
      rule: "can't have '${{' in it, which APISIX replaces by a variable of its environment",
      got: value,
      cure: 'name a secret by gateway.secret("NAME"), and write everything else itself',
    }));
  const longNames = leaves
    .filter(({ isName, value }) => isName && oneLine(String(value)).length > MOST_OF_A_NAME + '""'.length)
    .map(({ at, value }) => ({
      property: at,
      rule: `can't have a field whose name has more than ${MOST_OF_A_NAME} characters, as JSON writes it, or YAML refuses the whole document`,
      got: String(value),
      cure: "shorten it",
    }));
  return [...variables, ...longNames];
}

function unknownSecretFailures(document: ApisixObject, gateway: IGateway): Failure[] {
  return leavesOf(document).flatMap(({ at, value }) => {
    const name = typeof value === "string" ? environmentName(value) : undefined;
    if (name === undefined || gateway._secrets.includes(name) || isRefusedSecret(gateway, name)) return [];
    const cure = `add ${name} to the gateway's secrets, or name one of them`;
    return [{ property: at, rule: "must name a secret that the gateway has", got: value, cure }];
  });
}
