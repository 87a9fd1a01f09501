import { Failure } from "../private/failure";
import { check, contentFailures, isTemplate, isUnitName } from "./text";

/**
 * A systemd unit.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html
 */
export interface Unit {
  /** Name with its suffix: `vipstack-ipvs.service`. */
  readonly name: string;
  /** The unit file's text. @default - the unit comes with a package; it is only enabled */
  readonly content?: string;
  /** Whether it is enabled and started. @default true */
  readonly enable?: boolean;
  /**
   * Whether the first boot waits until it has started. Use `false` if its start waits for other machines, which may boot later;
   * `ready` then limits the wait.
   *
   * @default true
   */
  readonly wait?: boolean;
}

export function unitFailures({ name, content, enable }: Unit): Failure[] {
  return [
    ...unitNameFailures("units", name),
    ...check(
      !isTemplate(name) || enable === false,
      "units",
      "must name an instance of a template that is to be started",
      name,
      `write it like '${name.replace("@.", "@one.")}', or give it 'enable: false'`,
    ),
    ...(content === undefined ? [] : contentFailures("units", name, content)),
  ];
}

/** @param property of the contribution that names the unit */
export function unitNameFailures(property: string, name: string): Failure[] {
  const cure = "write it like 'app.service'; systemd-escape makes a name of any text";
  return check(isUnitName(name), property, "must name systemd units, with their suffix", name, cure);
}
