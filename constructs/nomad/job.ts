import { Annotations, Aspects, Token } from "cdktf";
import { Construct } from "constructs";
import { announceService, ConsulService } from "../consul";
import { Acknowledgement } from "../private/acknowledgement";
import { ByWord } from "../private/by-word";
import { describeFailure, Failure } from "../private/failure";
import { versionFailures } from "../private/first-versions";
import { isMarked, mark } from "../private/mark";
import { providerBinding } from "../private/provider";
import { writeAtSynth } from "../private/synth-files";
import { checkAtSynth, isRefused, refuse } from "../private/validation";
import { WholeProgram } from "../private/whole-program";
import { ApiJob, JobType } from "./api";
import { clusterOf, JobCluster, NOMADS_OWN_PORTS } from "./cluster";
import { ConvergenceBudget, ConvergenceProps } from "../lvs";
import {
  identityFailures,
  JobFinding,
  JobRefusal,
  neighbourFindings,
  ownFindings,
  PlacedJob,
  sharedWords,
} from "./findings";
import { secondsOf } from "../private/duration";
import { tellJob } from "./job-access";
import { JobOptions, renderJob, validateJob } from "./job-specification";
import { Jobspec } from "./jobspec";
import { renderJobFile } from "./render/hcl";
import { checkLagOf, NamedService, servicesOf } from "./service";
import { JobShape, JobValidation, NESTED } from "./shape";
import { JOB_FIELDS, usedFields } from "./versions";

/** Settings of a job construct beside its job specification. */
export interface JobSettings {
  /** Cluster against which the job is checked. @default - the cluster of its stack, else none: number of clients and version are not known */
  readonly nomad?: JobCluster;
  /** Settings of the directors that follow the job's services. @default - a director's defaults */
  readonly discovery?: Pick<ConvergenceProps, "templateWait" | "templateWaitMax" | "keeperPeriod" | "drainTimeout">;
  /** Whether the job is removed from Nomad when it leaves the program, instead of being listed as dead. @default true */
  readonly purgeOnDestroy?: boolean;
  /** Refusals to accept. Each becomes a warning. @default - none */
  readonly acknowledge?: readonly JobRefusal[];
}

/** Terraform waits for the deployment's own end, which `progress_deadline` brings; it must not end before that. */
const PROVIDER_TIMEOUT = "1h";

/** What a picture shows of a job. @internal */
export interface JobOutline {
  readonly name: string;
  readonly type: string;
  /** Instances of all groups together. */
  readonly count: number;
  /** Names in Consul. */
  readonly services: readonly string[];
  /** The machines of its cluster on which jobs run. */
  readonly clients: readonly unknown[];
}

/** Properties of a Nomad job. */
export interface JobProps extends JobOptions, JobSettings {}

/**
 * A Nomad job of any type, by its job specification. Properties that are left out have Nomad's defaults. {@link WebJob} has
 * better defaults for web services.
 *
 * Synth writes `jobs/NAME.json`, the job as the API gets it, and `jobs/NAME.nomad.hcl`, the same as HCL, beside the stack's JSON.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification
 */
export class Job extends Construct {
  /** Whether a construct is a job, also of another copy of this package. */
  static isJob(construct: unknown): construct is Job {
    return isMarked(construct, "Job");
  }

  /** Its ID and name in Nomad. */
  readonly name: string;
  private readonly settings: JobSettings;
  private readonly placed: PlacedJob;
  private readonly told: ToldJob;
  private readonly budgets: ReadonlyMap<NamedService, ConvergenceBudget>;
  private readonly specification: ApiJob;
  private readonly followed = new Set<string>();
  private readonly acknowledgement: Acknowledgement<JobRefusal>;

  constructor(scope: Construct, id: string, props: JobProps);
  /** @internal @param shape how errors name the job's parts */
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- the second one is not published
  constructor(scope: Construct, id: string, props: JobProps, shape: JobShape);
  constructor(scope: Construct, id: string, props: JobProps, shape: JobShape = NESTED) {
    super(scope, id);
    mark(this, "Job");
    this.settings = props;
    this.name = props.name ?? id;
    const services = servicesOf(this.name, props.groups, shape);
    this.placed = { path: this.node.path, name: this.name, options: props, shape, services };
    this.told = { placed: this.placed, words: sharedWords(this.placed), cluster: () => this.cluster };
    jobs.tell(this, this.told);
    tellJob(this, () => ({ cluster: this.cluster, specification: this.specification }));
    this.budgets = new Map(services.map((service) => [service, this.budgetOf(service)]));
    this.acknowledgement = new Acknowledgement(this, {
      refusals: props.acknowledge ?? [],
      type: "JobRefusal",
      later: () => (isRefused(this) ? this.ownFindings() : this.findings()),
    });
    for (const { name, options: service } of services) if (service.provider !== "nomad") announceService(this, name);
    checkAtSynth(this, () =>
      [...identityFailures(this.placed, this.neighbours), ...this.unknownToNomad()].map(describeFailure),
    );
    if (!this.passes(props, shape)) {
      this.specification = { ID: this.name, Name: this.name, Type: "", Datacenters: [], TaskGroups: [] };
      return;
    }

    this.specification = renderJob(this.name, props, services);
    const jobspec = new Jobspec(this.specification);
    const { Job: NomadJob } = providerBinding(this, "@cdktf/provider-nomad/lib/job");
    new NomadJob(this, "Default", {
      jobspec: jobspec.attribute,
      json: true,
      // Terraform waits until the deployment is healthy, and fails where it is not.
      detach: false,
      purgeOnDestroy: props.purgeOnDestroy ?? true,
      timeouts: { create: PROVIDER_TIMEOUT, update: PROVIDER_TIMEOUT },
    });
    writeAtSynth(this, () => this.filesOf(jobspec.readable(this)));
    Aspects.of(this).add({
      visit: (node) => {
        if (node === this) this.annotate();
      },
    });
  }

  /**
   * One of the job's services, for a director's real servers or a gateway's upstream. From then on the group's shutdown delay must cover
   * the time that a director needs to notice that an instance left. If there is no such service, or more than one, that is an error at synth.
   *
   * @param port label of its port @default - the only service
   */
  service(port?: string): ConsulService {
    const { services } = this.placed;
    const found = services.filter((each) => port === undefined || each.port === port);
    const [service] = found;
    if (service === undefined || found.length > 1) {
      const labels = services.map((each) => `'${each.port ?? ""}'`).join(", ");
      const failures = [
        {
          property: "service",
          rule:
            services.length === 0
              ? "must be one of the job's, and it has none"
              : `must be one of the job's by the label of its port (${labels})`,
          got: port,
          cure: services.length === 0 ? "give the group a service" : "name the label of one",
        },
      ];
      if (!isRefused(this)) refuse(this, failures);
      announceService(this, this.name);
      return { name: this.name, port };
    }
    this.followed.add(service.group);
    return {
      name: service.name,
      port: service.port,
      lag: checkLagOf(service.options),
      shutdownDelay: this.placed.options.groups[service.group]?.shutdownDelay ?? "0s",
    };
  }

  /** What is wrong with its own parts; findings are about jobs whose parts are right. */
  private passes(props: JobProps, shape: JobShape): boolean {
    const validation = new JobValidation(this, shape);
    if (Token.isUnresolved(this.name)) validation.add(UNKNOWN_NAME);
    validateJob(validation, this.name, props, this.placed.services);
    if (!validation.passes()) return false;
    validation.add(...this.acknowledgement.refused(this.ownFindings()));
    return validation.passes();
  }

  /** The job as Nomad's API gets it, overrides included. */
  toApiJob(): ApiJob {
    return structuredClone(this.specification);
  }

  /** Time that a change of one of the job's services takes to reach a director. @param port as in {@link service} */
  convergence(port?: string): ConvergenceBudget {
    const { services } = this.placed;
    const service = services.find((each) => port === undefined || each.port === port);
    return (service && this.budgets.get(service)) ?? this.budgetOf();
  }

  /** What a picture of the program shows of it. @internal */
  get _outline(): JobOutline {
    const { options, services } = this.placed;
    return {
      name: this.name,
      type: options.type ?? JobType.SERVICE,
      count: Object.values(options.groups).reduce((sum, { count = 1 }) => sum + count, 0),
      services: services.map(({ name }) => name),
      clients: this.cluster?.clients ?? [],
    };
  }

  private budgetOf(service?: NamedService): ConvergenceBudget {
    const group = this.placed.options.groups[service?.group ?? ""];
    const [check] = service?.options.checks ?? [];
    const kill = Object.values(group?.tasks ?? {}).map(({ killTimeout = "5s" }) => killTimeout);
    return new ConvergenceBudget({
      ...this.settings.discovery,
      // Without a check an instance passes at once and is never found critical.
      checkInterval: check?.interval ?? "0s",
      checkTimeout: check?.timeout ?? "0s",
      checkFailures: check?.failures ?? 1,
      shutdownDelay: group?.shutdownDelay,
      killTimeout: kill.sort((a, b) => secondsOf(b) - secondsOf(a))[0],
    });
  }

  private get cluster(): JobCluster | undefined {
    return this.settings.nomad ?? clusterOf(this);
  }

  private ownFindings(): JobFinding[] {
    return ownFindings(this.placed, {
      dynamicPorts: this.cluster?.dynamicPorts ?? NOMADS_OWN_PORTS,
      budgets: this.budgets,
      followed: this.followed,
    });
  }

  /** As it is at the end of the program: neighbours, clients and followers included. */
  private findings(): JobFinding[] {
    const known = this.cluster?.clients.length ?? 0;
    const together = neighbourFindings(this.placed, this.neighbours, known === 0 ? undefined : known);
    return [...this.ownFindings(), ...together];
  }

  /** Other jobs of the program, in any stack, that are for the same cluster and share a name or a port with this one. */
  private get neighbours(): PlacedJob[] {
    return jobs
      .below(this.node.root)
      .with(this.told.words)
      .filter((other) => other !== this.told && other.cluster() === this.cluster)
      .map(({ placed }) => placed);
  }

  /** The API takes them, and drops them: overrides are looked at as well. */
  private unknownToNomad(): Failure[] {
    const { version, node } = this.cluster ?? {};
    if (version === undefined) return [];
    const running = { program: "Nomad", version, saidBy: node?.path };
    return versionFailures(running, JOB_FIELDS, usedFields(this.specification, this.placed.shape));
  }

  /** One line a service in the output of synth; the table lies beside the stack's JSON. */
  private annotate(): void {
    for (const [{ name }, { summary }] of this.budgets) Annotations.of(this).addInfo(`${name}: ${summary}`);
  }

  private filesOf(job: ApiJob): Record<string, string> {
    const tables = [...this.budgets].map(([{ name }, budget]) => budget.table(name));
    return {
      [`jobs/${this.name}.json`]: `${JSON.stringify({ Job: job }, null, 2)}\n`,
      [`jobs/${this.name}.nomad.hcl`]: renderJobFile(job),
      ...(tables.length > 0 && { [`jobs/${this.name}.convergence.txt`]: tables.join("\n") }),
    };
  }
}

const UNKNOWN_NAME: Failure = {
  property: "name",
  rule: "must be known at synth, and this is a reference that Terraform resolves later",
  cure: "write the name itself",
};

interface ToldJob {
  readonly placed: PlacedJob;
  /** Of {@link sharedWords}. */
  readonly words: readonly string[];
  readonly cluster: () => JobCluster | undefined;
}

const jobs = new WholeProgram<ToldJob, ByWord<ToldJob>>(
  (all) =>
    new ByWord(
      all.map(({ what }) => what),
      ({ words }) => words,
    ),
);
