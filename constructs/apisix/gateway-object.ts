import { Annotations, Aspects, TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";
import { announcedServices, ConsulKeys, isAnnounced } from "../consul";
import { describeFailure, Failure } from "../private/failure";
import { Validation, ValidationError } from "../private/validation";
import { hiddenAddressWarnings } from "./client-address";
import { ApisixObject, leavesOf, oneLine } from "./document-text";
import { Draft, UsedUpstream } from "./draft";
import { GatewayObject, IGateway, ObjectKind } from "./gateway-end";
import { IGatewayObject } from "./gateway-object-end";
import { neighboursAmong } from "./neighbour-rules";
import { idFailures, textLeafFailures } from "./object-rules";
import { Place } from "./place";
import { environmentName } from "./plugins/plugin-secrets";

/** What every object of a gateway has. */
export interface GatewayObjectProps {
  /** The gateway that it is for. */
  readonly gateway: IGateway;
  /** Changes the object before it is written, in APISIX's own names; the result is not checked. @default - unchanged */
  readonly override?: (document: Record<string, unknown>) => Record<string, unknown>;
}

/** An object's description. */
export interface DescribedProps extends GatewayObjectProps {
  /** Its id in APISIX: 1 to 64 letters, digits, `-`, `_` and `.`. @default - the construct's id */
  readonly objectId?: string;
  /** 1 to 256 characters. @default - its id */
  readonly name?: string;
  /** At most 256 characters. @default - none */
  readonly desc?: string;
  /** Values have 1 to 256 characters, and no white space. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** One object: one key in the gateway's folder of Consul's key/value store. @internal */
export abstract class GatewayObjectBase extends Construct implements IGatewayObject {
  readonly gateway: IGateway;
  readonly objectId: string;
  /** @internal */
  readonly _keys: ConsulKeys;
  private readonly given: GatewayObject[] = [];
  private readonly followed: readonly UsedUpstream[];

  /** @internal @param make the object, but for its id */
  constructor(
    scope: Construct,
    id: string,
    kind: ObjectKind,
    objectId: string,
    { gateway, override = (document) => document }: GatewayObjectProps,
    make: (place: Place) => Draft,
  ) {
    super(scope, id);
    this.gateway = gateway;
    this.objectId = objectId;
    this.requireKnown("objectId", objectId);
    const { version, plugins } = gateway;
    const made = make({ kind, id: objectId, version, plugins });
    // A consumer is called by its name, and has no id beside it.
    const identity = kind === "consumers" ? {} : { id: objectId };
    const document = override({ ...identity, ...made.fields });
    const own = made.ownUpstreams.map((each) => ({
      ...each,
      document: { id: each.objectId, ...each.upstream._render(kind === "stream_routes") },
    }));
    [document, ...own.map((each) => each.document)].forEach((each) => {
      this.requireKnown("", each);
    });

    const validation = new Validation(this);
    validation.add(...idFailures(kind, id, objectId), ...made.failures);
    validation.add(...textLeafFailures(leavesOf(document)), ...this.secretFailures(document));
    validation.finish();

    const before = own.map((each) => this.write("upstreams", each.objectId, each.document, each.name, []));
    this._keys = this.write(kind, objectId, document, "Default", [...before, ...this.keysOf(made.names)]);
    this.followed = [...made.upstreams, ...own];
    this.node.addValidation({ validate: () => this.lateFailures().map(describeFailure) });
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
    return new ConsulKeys(this, construct, { keys, after });
  }

  /** A director may be made after it. */
  private warn(): void {
    for (const object of this.given)
      for (const warning of hiddenAddressWarnings(this.gateway, object)) Annotations.of(this).addWarning(warning);
  }

  /** Keys of objects that this one names: in its own stack they come first, another stack comes first as a whole. */
  private keysOf(names: readonly IGatewayObject[]): ConsulKeys[] {
    const stack = TerraformStack.of(this);
    return names.flatMap(({ _keys }) => {
      const other = TerraformStack.of(_keys);
      if (other === stack) return [_keys];
      stack.addDependency(other);
      return [];
    });
  }

  /** What Terraform knows later is nothing that Consul could tell a gateway in time, and none of it is checked. */
  private requireKnown(at: string, value: unknown): void {
    const unknown = leavesOf(value, at).filter((leaf) => Token.isUnresolved(leaf.value));
    if (unknown.length === 0) return;
    throw new ValidationError(
      this,
      unknown.map((leaf) => ({
        property: leaf.at,
        rule: "must be known at synth, and this is a reference that Terraform resolves later",
        cure: 'name a secret by gateway.secret("NAME"), and write everything else itself',
      })),
    );
  }

  private secretFailures(document: ApisixObject): Failure[] {
    return leavesOf(document).flatMap(({ at, value }) => {
      const name = typeof value === "string" ? environmentName(value) : undefined;
      if (name === undefined || this.hasSecret(name)) return [];
      const cure = `add ${name} to the gateway's secrets, or name one of them`;
      return [{ property: at, rule: "must name a secret that the gateway has", got: value, cure }];
    });
  }

  private hasSecret(name: string): boolean {
    try {
      this.gateway.secret(name);
      return true;
    } catch (error) {
      if (error instanceof ValidationError) return false;
      throw error;
    }
  }

  /** What can be checked only once the program is complete. */
  private lateFailures(): Failure[] {
    const neighbours = neighboursAmong(this.gateway._objects);
    return [...this.given.flatMap((object) => neighbours.failures(object, this.given)), ...this.serviceFailures()];
  }

  private serviceFailures(): Failure[] {
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
