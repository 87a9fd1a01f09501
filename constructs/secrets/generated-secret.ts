import { TerraformStack, TerraformVariable } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { isMarked, mark } from "../private/mark";
import { Validation } from "../private/validation";
import { SecretDescription, SecretEncoding, SecretRecipe } from "./recipe";

/**
 * A secret of a deployment whose value `vipstack up` makes once and keeps in the deployment's state folder, in `secrets.json`, which only
 * its owner can read. The program has the name of a sensitive Terraform variable in its place.
 *
 * A value in the environment, `TF_VAR_` and the variable's name, is preferred to a made one, so that a vault can give it.
 *
 * @see https://developer.hashicorp.com/terraform/language/values/variables
 */
export abstract class GeneratedSecret extends Construct {
  /** Whether an object is a generated secret, of whatever copy of this package. */
  static isGeneratedSecret(object: unknown): object is GeneratedSecret {
    return isMarked(object, "GeneratedSecret");
  }

  /**
   * Those that the stacks of a program need.
   *
   * @internal
   */
  static _below(scope: IConstruct): SecretDescription[] {
    return scope.node
      .findAll()
      .flatMap((each) =>
        GeneratedSecret.isGeneratedSecret(each) ? [{ variable: each.variable, recipe: each._recipe }] : [],
      );
  }

  /** Name of its Terraform variable, which is unique in the program. */
  readonly variable: string;
  private readonly variables = new Map<TerraformStack, TerraformVariable>();

  protected constructor(scope: Construct, id: string) {
    super(scope, id);
    mark(this, "GeneratedSecret");
    this.variable = this.node.path.replace(/[^A-Za-z0-9]+/g, "_");
  }

  /** Terraform reference to the value, in the stack of the secret. */
  get value(): string {
    return this.valueIn(this);
  }

  /**
   * Terraform reference to the value in the stack of another construct. That stack gets a variable of its own: a reference across stacks
   * would write the value into both states.
   */
  valueIn(scope: IConstruct): string {
    const stack = TerraformStack.of(scope);
    const known = this.variables.get(stack);
    if (known !== undefined) return known.stringValue;
    const variable = new TerraformVariable(stack, this.variable, { type: "string", sensitive: true, nullable: false });
    variable.overrideLogicalId(this.variable);
    this.variables.set(stack, variable);
    return variable.stringValue;
  }

  /** @internal */
  abstract get _recipe(): SecretRecipe;
}

/** Properties of a random secret. */
export interface RandomSecretProps {
  /** Number of random bytes, 16 to 64. A UUID has 16. @default 32 - for a UUID 16 */
  readonly bytes?: number;
  /** How the bytes are written. @default SecretEncoding.BASE64 */
  readonly encoding?: SecretEncoding;
}

/** A secret of random bytes: a key, a password, a token. */
export class RandomSecret extends GeneratedSecret {
  /** @internal */
  readonly _recipe: SecretRecipe;

  constructor(scope: Construct, id: string, props: RandomSecretProps = {}) {
    super(scope, id);
    const { encoding = SecretEncoding.BASE64 } = props;
    const isUuid = encoding === SecretEncoding.UUID;
    const bytes = props.bytes ?? (isUuid ? 16 : 32);
    const validation = new Validation(this);
    validation.integer("bytes", bytes, 16, isUuid ? 16 : 64, isUuid ? "a UUID has 16" : "32 are usual");
    validation.passes();
    this._recipe = { kind: "random", bytes, encoding };
  }
}
