import { createHash } from "crypto";

/**
 * Shell text that prints why a machine's cloud-init did not take the user-data that it was given, and nothing where it did.
 * cloud-init counts a document that it can't read as done: so what it has made of the document is looked for, not an error.
 */
export function userDataScript(userData: string): string {
  const sum = createHash("sha256").update(userData).digest("hex");
  return `python3 - ${sum} <<'PROGRAM' 2>&1 || true\n${PROGRAM}PROGRAM\n`;
}

const PROGRAM = `import hashlib, re, sys, yaml

def read(name):
    try:
        with open("/var/lib/cloud/instance/" + name, "rb") as file:
            return file.read()
    except OSError:
        return b""

def mapping(text):
    try:
        return yaml.safe_load(text.decode()) or {}
    except (ValueError, yaml.YAMLError) as problem:
        sys.exit(f"it can't be read: {problem}")

given = read("user-data.txt")
if hashlib.sha256(given).hexdigest() != sys.argv[1]:
    sys.exit("it has none, or another than the machine was given")
if re.match(rb"\\s*#cloud-config(?!-)", given):
    wanted, taken = mapping(given), mapping(read("cloud-config.txt"))
    if not isinstance(wanted, dict):
        sys.exit(f"it must be a mapping, not {type(wanted).__name__}")
    lost = [key for key in wanted if key not in ("merge_how", "merge_type") and wanted[key] != taken.get(key)]
    if lost:
        sys.exit(f"these parts were not taken: {', '.join(map(str, lost))}")
elif given.strip() != b"":
    # Scripts, archives and the like are taken apart; of what can't be, the log tells.
    with open("/var/log/cloud-init.log", errors="replace") as log:
        problems = [line.strip() for line in log if re.search(r"WARNING.*(Unhandled|[Ff]ailed)", line)]
    if problems:
        sys.exit("; ".join(problems))
`;
