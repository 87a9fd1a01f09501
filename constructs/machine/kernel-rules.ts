import { Failure } from "../private/failure";
import { Sysctl } from "./contribution";
import { check, isLine, isModule, isSysctlKey } from "./text-rules";

export function kernelModuleFailures(name: string): Failure[] {
  const cure = "give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d";
  return check(isModule(name), "kernelModules", "must be names of kernel modules", name, cure);
}

export function sysctlFailures({ key, value, reason }: Sysctl): Failure[] {
  const property = "sysctls";
  const example = "write it like 'net.ipv4.ip_forward'";
  const oneLine = isLine(value.replaceAll("\t", " "));
  return [
    ...check(isSysctlKey(key), property, "must have a kernel setting as key", key, example),
    ...check(oneLine, property, `must give ${key} a value of one line`, value, "separate numbers by blanks"),
    ...check(isLine(reason), property, `must give ${key} a reason of one line`, reason, "make it one sentence"),
  ];
}
