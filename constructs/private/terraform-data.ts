import { dependable, IResolvable, ITerraformDependable, Lazy, TerraformResource, TerraformStack } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { pathFromStack } from "./host-path";
import { escapeTemplate, escapeTemplates } from "./template-escape";
import { isRefused, refuse, throwPostponed } from "./validation";

/** A command that Terraform runs on the operator's machine, by `sh -c`. */
export interface LocalCommand {
  /** Command line for `sh -c`. */
  readonly command: string;
  /** Further environment variables. @default - none */
  readonly environment?: Record<string, string>;
  /**
   * Further environment variables that hold a file or a folder of this host, as absolute paths. In the stack's JSON they are
   * relative to the folder that Terraform runs in, wherever they can be.
   *
   * @default - none
   */
  readonly paths?: Record<string, string>;
}

export interface TerraformDataProps {
  /** A change of any value replaces the resource. Called at synth, so that later additions count. */
  readonly triggersReplace: () => Record<string, string>;
  /** Run after creation; its failure fails the deployment. @default - nothing is run */
  readonly onCreate?: LocalCommand;
  /** More environment of `onCreate`, known only at synth. @default - none */
  readonly lateEnvironment?: () => Record<string, string>;
  /** Run before destruction. @default - nothing is run */
  readonly onDestroy?: LocalCommand;
  /** Its name in plans and state, which is public contract. @default - cdktf's: the path, with a hash below the first level */
  readonly logicalId?: string;
  /** Whether there is such a resource at all; called at synth. @default - there is */
  readonly exists?: () => boolean;
  /** Other terraform_data that must be there first. Read at synth, so that later additions count. */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * Terraform's built-in `terraform_data`, which needs no provider.
 *
 * cdktf's own binding starts the terraform binary once per instance at synth and fails where there is none; this thin one
 * only writes JSON. All text is escaped here, in one place.
 *
 * @see https://developer.hashicorp.com/terraform/language/resources/terraform-data
 */
export class TerraformData extends TerraformResource {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: TerraformDataProps,
  ) {
    super(scope, id, { terraformResourceType: "terraform_data" });
    if (props.logicalId !== undefined) this.overrideLogicalId(props.logicalId);
    claimLogicalId(this);
    const { onCreate, onDestroy, lateEnvironment } = props;
    // An override, since cdktf's own provisioner type drops what it does not know.
    this.addOverride("provisioner", [
      ...(onCreate
        ? [
            localExec(
              this,
              onCreate,
              lateEnvironment && { environment: environmentAtSynth(this, onCreate, lateEnvironment) },
            ),
          ]
        : []),
      ...(onDestroy ? [localExec(this, onDestroy, { when: "destroy" })] : []),
    ]);
  }

  /** Changes whenever the resource was replaced: put it into another one's triggers to follow. */
  get idReference(): string {
    return this.getStringAttribute("id");
  }

  override toMetadata(): unknown {
    return this.isLeftOut ? {} : super.toMetadata();
  }

  override toTerraform(): unknown {
    throwPostponed(this);
    if (this.isLeftOut) return {};
    const others = this.props.dependsOn?.filter((other) => !(other instanceof TerraformData && other.isLeftOut));
    this.dependsOn = others?.map((other) => dependable(other));
    return super.toTerraform();
  }

  private get isLeftOut(): boolean {
    return this.props.exists?.() === false;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { triggers_replace: escapeTemplates(this.props.triggersReplace()) };
  }
}

function localExec(scope: IConstruct, command: LocalCommand, extra: Record<string, unknown> = {}): unknown {
  const environment = environmentOf(scope, command);
  return {
    "local-exec": {
      command: escapeTemplate(command.command),
      ...(environment && { environment: escapeTemplates(environment) }),
      ...extra,
    },
  };
}

function environmentAtSynth(scope: IConstruct, command: LocalCommand, more: () => Record<string, string>): IResolvable {
  return Lazy.anyValue({ produce: () => escapeTemplates({ ...environmentOf(scope, command), ...more() }) });
}

function environmentOf(scope: IConstruct, { environment, paths }: LocalCommand): Record<string, string> | undefined {
  if (paths === undefined) return environment;
  const relative = Object.entries(paths).map(([name, path]) => [name, pathFromStack(scope, path)]);
  return { ...environment, ...(Object.fromEntries(relative) as Record<string, string>) };
}

const claimed = new WeakMap<TerraformStack, Map<string, string>>();

/** cdktf strips characters from ids: `a.b` and `ab` become one resource, silently. Here the second one is an error. */
function claimLogicalId(element: TerraformResource): void {
  const stack = TerraformStack.of(element);
  const ids = claimed.get(stack) ?? new Map<string, string>();
  claimed.set(stack, ids);
  const first = ids.get(element.friendlyUniqueId);
  if (first !== undefined) {
    // Names of its siblings are made of the first one's.
    if (isRefused(...(element.node.scope?.node.children ?? []))) return;
    refuse(element, [
      {
        property: "id",
        rule: `must lead to a Terraform name of its own; '${element.friendlyUniqueId}' is already the name of ${first}`,
        cure: "rename one of the two (Terraform names keep only letters, digits, '-' and '_')",
      },
    ]);
    return;
  }
  ids.set(element.friendlyUniqueId, element.node.path);
}
