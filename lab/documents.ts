import Ajv, { type ErrorObject, type JSONSchemaType } from "ajv";
import * as fs from "fs";
import { hostPart, routerAddress, subnetOf } from "./addresses";
import { codeOf, LabError, messageOf } from "./errors";
import { artefactNamed, OFFERED } from "./offline/catalogue";

/** A loopback port of the host that leads to an address in the lab. */
export interface Forward {
  readonly listen: number;
  readonly to: string;
}

/** LAB.json: what a lab is made of, apart from the machines themselves. */
export interface LabDocument {
  readonly name: string;
  readonly subnets: string[];
  readonly machines: string[];
  /** Addresses by machine, without prefix length, for the machines' /etc/hosts. @default - those of machines that are there */
  readonly addresses: Record<string, string[]>;
  readonly forwards: Forward[];
  /** The vendors' programs that guests fetch from the lab's address, each as `NAME` or `NAME@VERSION`. @default - none */
  readonly software: string[];
  /** Whether there is a container registry on the lab's address. @default false */
  readonly registry: boolean;
  /** Images that guests are going to pull: for `image get` before they do. @default - none known */
  readonly images: string[];
  /** Debian packages that some machine's disk image holds from the start. @default - none */
  readonly preinstalled: string[];
  /** What runs on machines of the list before one that left it is removed; a director drains its real servers. @default - nothing */
  readonly beforeRemoval: BeforeRemoval[];
}

/** A command of one machine that runs before another one is removed. */
export interface BeforeRemoval {
  /** Name of the machine that runs it. */
  readonly on: string;
  /** Shell text. The addresses of the machine that is removed are appended to it. */
  readonly command: string;
}

/** One network interface of a machine. */
export interface Nic {
  readonly interface: string;
  readonly addresses: string[];
  /** In bytes. @default 1500 */
  readonly mtu?: number;
}

/** machine.json: the hardware of one machine; everything else is its user-data. */
export interface MachineDocument {
  readonly name: string;
  readonly memoryMiB: number;
  readonly nics: Nic[];
  /** Debian packages that its disk image holds, not started, so that its first boot need not install them. @default - none */
  readonly preinstalled: string[];
  /** Shell text that runs on it before it is removed because it left the list. @default - nothing */
  readonly beforeRemoval: string;
}

// A machine's name is a host name, a folder, an ssh alias and a part of socket paths (108 bytes at most).
const NAME = { type: "string", pattern: "^[a-z][a-z0-9-]{0,31}$" } as const;

const PACKAGE = { type: "string", pattern: "^[a-z0-9][a-z0-9+.-]*$" } as const;

const labSchema: JSONSchemaType<LabDocument> = {
  type: "object",
  // Addresses and the last five have defaults.
  required: [
    "name",
    "subnets",
    "machines",
    "addresses",
    "forwards",
    "software",
    "registry",
    "images",
    "preinstalled",
    "beforeRemoval",
  ],
  additionalProperties: false,
  properties: {
    name: NAME,
    subnets: { type: "array", minItems: 1, uniqueItems: true, items: { type: "string" } },
    machines: { type: "array", uniqueItems: true, items: NAME },
    addresses: {
      type: "object",
      default: {},
      required: [],
      propertyNames: NAME,
      additionalProperties: { type: "array", items: { type: "string", pattern: "^[0-9a-fA-F.:]+$" } },
    },
    forwards: {
      type: "array",
      items: {
        type: "object",
        required: ["listen", "to"],
        additionalProperties: false,
        properties: {
          listen: { type: "integer", minimum: 1, maximum: 65535 },
          to: { type: "string", pattern: "^([0-9.]+|\\[[0-9a-fA-F:]+\\]):[0-9]{1,5}$" },
        },
      },
    },
    software: { type: "array", uniqueItems: true, default: [], items: { type: "string" } },
    registry: { type: "boolean", default: false },
    images: { type: "array", uniqueItems: true, default: [], items: { type: "string" } },
    preinstalled: { type: "array", uniqueItems: true, default: [], items: PACKAGE },
    beforeRemoval: {
      type: "array",
      default: [],
      items: {
        type: "object",
        required: ["on", "command"],
        additionalProperties: false,
        properties: { on: NAME, command: { type: "string", minLength: 1 } },
      },
    },
  },
};

const machineSchema: JSONSchemaType<MachineDocument> = {
  type: "object",
  required: ["name", "memoryMiB", "nics", "preinstalled", "beforeRemoval"],
  additionalProperties: false,
  properties: {
    name: NAME,
    memoryMiB: { type: "integer", minimum: 192, maximum: 65536 },
    nics: {
      type: "array",
      minItems: 1,
      maxItems: 8,
      items: {
        type: "object",
        required: ["interface", "addresses"],
        additionalProperties: false,
        properties: {
          interface: { type: "string" },
          addresses: { type: "array", minItems: 1, items: { type: "string" } },
          mtu: { type: "integer", minimum: 576, maximum: 1500, nullable: true },
        },
      },
    },
    preinstalled: { type: "array", uniqueItems: true, default: [], items: PACKAGE },
    beforeRemoval: { type: "string", default: "" },
  },
};

const ajv = new Ajv({ useDefaults: true });
const validateLab = ajv.compile(labSchema);
const validateMachine = ajv.compile(machineSchema);

/** Reads and checks LAB.json. */
export function readLab(file: string): LabDocument {
  return parseLab(readDocument(file), file);
}

/** Reads and checks machine.json. */
export function readMachine(file: string): MachineDocument {
  return parseMachine(readDocument(file), file);
}

/** Checks the text of a LAB.json; `file` is named in errors. */
export function parseLab(text: string, file: string): LabDocument {
  const value = parseJson(text, file);
  if (!validateLab(value)) throw invalid(file, validateLab.errors);
  for (const [index, subnet] of value.subnets.entries()) {
    try {
      if (hostPart(subnet) !== 0n) throw new Error(`is an address; the subnet is ${subnetOf(subnet)}`);
    } catch (error) {
      throw new LabError(
        `${file}: subnets[${index}] "${subnet}" ${messageOf(error)}`,
        `write it like 192.168.139.0/24`,
      );
    }
  }
  const twice = value.forwards.find(
    (forward, index) => value.forwards.findIndex((other) => other.listen === forward.listen) !== index,
  );
  if (twice !== undefined) {
    throw new LabError(`${file}: two forwards listen on port ${twice.listen}`, "give each forward a port of its own");
  }
  for (const each of value.software) {
    const [name = ""] = each.split("@");
    if (!OFFERED.includes(name))
      throw new LabError(`${file}: the lab has no software "${name}"`, `it has ${OFFERED.join(", ")}`);
    artefactNamed(each);
  }
  return value;
}

/** Checks the text of a machine.json; `file` is named in errors. */
export function parseMachine(text: string, file: string): MachineDocument {
  const value = parseJson(text, file);
  if (!validateMachine(value)) throw invalid(file, validateMachine.errors);
  for (const [index, nic] of value.nics.entries()) {
    // The image names interfaces by their position, so that sysctls of one interface work from the first moment of a boot.
    if (nic.interface !== `eth${index}`) {
      throw new LabError(`${file}: nics[${index}].interface is "${nic.interface}"`, `call it "eth${index}"`);
    }
    for (const address of nic.addresses) {
      const complain = (what: string): LabError =>
        new LabError(`${file}: address "${address}" of ${nic.interface} ${what}`, "write it like 192.168.139.29/24");
      try {
        if (hostPart(address) === 0n) throw new Error("is a subnet, not an address of a machine");
      } catch (error) {
        throw complain(messageOf(error));
      }
      if (address.split("/")[0] === routerAddress(subnetOf(address))) {
        throw new LabError(
          `${file}: address "${address}" of ${nic.interface} belongs to the lab's router`,
          "give the machine another address of that subnet; the first one is always the router's",
        );
      }
    }
  }
  return value;
}

function readDocument(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new LabError(`can't read ${file} (${codeOf(error) ?? messageOf(error)})`, "check the path");
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LabError(`${file} is not JSON: ${messageOf(error)}`, "correct the file");
  }
}

function invalid(file: string, errors: ErrorObject[] | null | undefined): LabError {
  const error = errors?.[0];
  const place = (error?.instancePath ?? "")
    .replace(/\/(\d+)/g, "[$1]")
    .replace(/\//g, ".")
    .replace(/^\./, "");
  const params = error?.params as Record<string, unknown> | undefined;
  const extra = params && "additionalProperty" in params ? ` ("${String(params.additionalProperty)}")` : "";
  return new LabError(
    `${file}: ${place === "" ? "the document" : place} ${error?.message ?? "is wrong"}${extra}`,
    "correct the file",
  );
}
