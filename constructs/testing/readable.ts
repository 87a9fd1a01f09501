import { parse, stringify } from "yaml";
import { PROGRAM_FOLDER } from "../machine";

/** A file beside a stack's JSON as people read it in a snapshot. */
export function readableText(path: string, text: string): string {
  if (path.endsWith("/user-data")) return readableUserData(text);
  if (/\/(setup|teardown)\.sh$/.test(path)) return readableScript(text);
  return text;
}

/** Programs of this library by their names only, the sum of the whole left out. */
function readableUserData(text: string): string {
  const document = parse(text) as { write_files?: { path: string; content: string }[]; runcmd: string[] };
  const readable = {
    ...document,
    ...(document.write_files && {
      write_files: document.write_files.map((file) => ({ ...file, content: ownOr(file.path, file.content) })),
    }),
    runcmd: document.runcmd.map((command) => command.replace(/^echo [0-9a-f]{64} > /, "echo <sum> > ")),
  };
  return `#cloud-config\n${stringify(readable, { lineWidth: 0, blockQuote: "literal", aliasDuplicateObjects: false })}`;
}

/** Files in the text that they have on the host. */
function readableScript(text: string): string {
  return text.replace(
    /^(put '([^']+)' \S+ <<'EOF'\n)([A-Za-z0-9+/=\n]*?)\nEOF$/gm,
    (_, start: string, path: string, lines: string) =>
      `${start}${ownOr(path, Buffer.from(lines, "base64").toString("utf8"))}\nEOF`,
  );
}

function ownOr(path: string, content: string): string {
  return path.startsWith(`${PROGRAM_FOLDER}/`) && content !== "" ? "<program>" : content;
}
