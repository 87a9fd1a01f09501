import { allRendered, ApiTemplate, defined } from "./api";
import { nanoseconds } from "../private/duration";
import type { JobValidation } from "./shape";

/** Action on a running task when the rendered text changes. */
export enum ChangeMode {
  /** Restarts the task. */
  RESTART = "restart",
  /** Sends the task a signal. */
  SIGNAL = "signal",
  /** Runs a program in the task. */
  SCRIPT = "script",
  /** Does nothing. */
  NOOP = "noop",
}

/** Program of {@link ChangeMode.SCRIPT}, which runs in the task. */
export interface ChangeScript {
  /** Path of the program in the task. */
  readonly command: string;
  /** Arguments of the program. @default - none */
  readonly args?: readonly string[];
  /** Time limit of the program, a Go duration. @default "5s" - Nomad's */
  readonly timeout?: string;
  /** Whether its failure fails the task. @default false */
  readonly failOnError?: boolean;
}

/**
 * A file that Nomad renders for a task from a text with `{{ … }}`, or from a file of an artifact.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/template
 */
export interface TemplateOptions {
  /** Path in the task's folder: `local/nginx.conf`. `secrets/…` is not on disk. */
  readonly destination: string;
  /** The text, at least one character. Either this or {@link source}. */
  readonly data?: string;
  /** Path of a file in the task's folder. Either this or {@link data}. */
  readonly source?: string;
  /** Action when the rendered text changes. @default ChangeMode.RESTART - Nomad's; SIGNAL if `changeSignal`, SCRIPT if `changeScript` is given */
  readonly changeMode?: ChangeMode;
  /** Signal with {@link ChangeMode.SIGNAL}: `SIGHUP`. @default - none */
  readonly changeSignal?: string;
  /** Program with {@link ChangeMode.SCRIPT}. @default - none */
  readonly changeScript?: ChangeScript;
  /** Upper bound of a random wait before the change, so that not all instances restart at once. @default "5s" - Nomad's */
  readonly splay?: string;
  /** Octal file mode. @default "0644" - Nomad's */
  readonly perms?: string;
  /** Id of the file's owner. @default - the client agent's user */
  readonly uid?: number;
  /** Id of the file's group. @default - the client agent's group */
  readonly gid?: number;
  /** Delimiters in place of `{{` and `}}`: `["[[", "]]"]`. @default - Nomad's */
  readonly delimiters?: readonly [string, string];
  /** Whether the file's KEY=value lines become environment. @default false */
  readonly env?: boolean;
  /** Whether a missing key is an error instead of `<no value>`. @default false */
  readonly errorOnMissingKey?: boolean;
  /** Whether it is rendered only once. @default false */
  readonly once?: boolean;
  /** Time without changes before the text is rendered, and the longest wait. @default - the client's: 5s, 4m */
  readonly wait?: { readonly min: string; readonly max?: string };
}

export function renderTemplate(template: TemplateOptions): ApiTemplate {
  const {
    destination,
    data,
    source,
    changeMode,
    changeSignal,
    changeScript: script,
    splay,
    perms,
    uid,
    gid,
    ...more
  } = template;
  const { delimiters, env, errorOnMissingKey, once, wait, ...rest } = more;
  allRendered(rest);
  return defined({
    EmbeddedTmpl: data,
    SourcePath: source,
    DestPath: destination,
    ChangeMode: changeModeOf({ changeMode, changeSignal, changeScript: script }),
    ChangeSignal: changeSignal,
    ChangeScript:
      script &&
      defined({
        Command: script.command,
        Args: script.args && [...script.args],
        Timeout: nanoseconds(script.timeout),
        FailOnError: script.failOnError,
      }),
    Splay: nanoseconds(splay),
    Perms: perms,
    Uid: uid,
    Gid: gid,
    LeftDelim: delimiters?.[0],
    RightDelim: delimiters?.[1],
    Envvars: env,
    ErrMissingKey: errorOnMissingKey,
    Once: once,
    Wait: wait && defined({ Min: nanoseconds(wait.min), Max: nanoseconds(wait.max) }),
  });
}

/**
 * The `files` of a task: text that arrives byte for byte in its `local` folder. Nomad's only way to bring a text is a template,
 * so where the text has `{{` in it, the delimiters are ones that it has not.
 */
export function templateOfFile(path: string, text: string): TemplateOptions {
  return {
    destination: `local/${path}`,
    // Nomad refuses a template without text: this one renders to nothing.
    data: text === "" ? '{{ "" }}' : text,
    // It changes with the job only, and that replaces the task anyway.
    changeMode: ChangeMode.NOOP,
    delimiters: text.includes("{{") ? unusedDelimiters(text) : undefined,
  };
}

/** @param at the template itself: `groups.web.tasks.server.templates[0]` */
export function validateTemplate(validation: JobValidation, at: string, template: TemplateOptions): void {
  const { data, source, changeSignal, changeScript, perms, destination, splay, wait } = template;
  validation.duration(`${at}.splay`, splay);
  validation.duration(`${at}.wait.min`, wait?.min);
  validation.duration(`${at}.wait.max`, wait?.max);
  validation.duration(`${at}.changeScript.timeout`, changeScript?.timeout);
  validation.require((data === undefined) !== (source === undefined), {
    property: `${at}.data`,
    rule: "must be given, or 'source', and not both",
    cure: "write the text as 'data'",
  });
  validation.require(data !== "" && source !== "", {
    property: data === "" ? `${at}.data` : `${at}.source`,
    rule: "can't be empty, which Nomad refuses",
    got: "",
    cure: "for an empty file use the task's 'files'",
  });
  validation.require(destination !== "" && !/^\/|(^|\/)\.\.(\/|$)/.test(destination), {
    property: `${at}.destination`,
    rule: "must lie in the task's folder",
    got: destination,
    cure: "for example 'local/nginx.conf'",
  });
  validation.require(perms === undefined || /^0?[0-7]{3}$/.test(perms), {
    property: `${at}.perms`,
    rule: "must be octal",
    got: perms,
    cure: "for example '0644'",
  });
  const mode = changeModeOf(template);
  validation.require((mode === ChangeMode.SIGNAL) === (changeSignal !== undefined), {
    property: `${at}.changeSignal`,
    rule: "must go with ChangeMode.SIGNAL",
    got: changeSignal,
    cure: "give both: changeMode: ChangeMode.SIGNAL, changeSignal: 'SIGHUP'",
  });
  validation.require((mode === ChangeMode.SCRIPT) === (changeScript !== undefined), {
    property: `${at}.changeScript`,
    rule: "must go with ChangeMode.SCRIPT",
    got: changeScript?.command,
    cure: "give both, or neither",
  });
}

function changeModeOf({
  changeMode,
  changeSignal,
  changeScript,
}: Pick<TemplateOptions, "changeMode" | "changeSignal" | "changeScript">): ChangeMode | undefined {
  if (changeMode !== undefined) return changeMode;
  if (changeSignal !== undefined) return ChangeMode.SIGNAL;
  return changeScript === undefined ? undefined : ChangeMode.SCRIPT;
}

function unusedDelimiters(text: string): [string, string] {
  let mark = "literal";
  while (text.includes(`<<${mark}`)) mark += "-";
  return [`<<${mark}`, `${mark}>>`];
}
