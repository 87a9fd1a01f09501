import { Failure } from "../private/failure";
import { Unit } from "./contribution";
import { contentFailures } from "./file-rules";
import { check, isTemplate, isUnitName } from "./text-rules";

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
