import type { CloudInit } from "../cloud-init";
import { bootFiles } from "./boot";

/** Folder beside a machine's other documents that has its files. */
export const FILE_TREE = "files";

/** Stands for the content of a secret, which only Terraform knows. */
const SECRET = "A secret. Terraform knows its content and brings it to the machine.\n";

/**
 * Every file that a machine gets, by its path below {@link FILE_TREE}: the same texts as in the user-data and in the setup script, to be
 * read. Commands and packages are not files, and stay there.
 */
export function renderFileTree(model: CloudInit): Record<string, string> {
  const texts = [...bootFiles(model, { live: true }), ...model.secrets.map(({ path }) => ({ path, content: SECRET }))];
  return Object.fromEntries(texts.map(({ path, content }): [string, string] => [`${FILE_TREE}${path}`, content]));
}
