import { addedContainers, hubReference, shortName } from "../../../lab/offline/images";
import { havePrograms as haveAll, Program } from "../../support/programs";

/** What every gateway of the examples runs. */
export const APISIX = "apache/apisix:3.18.0-debian";

/**
 * Tests that need an image which the lab can't make: skipped, with a message, unless the user added it
 * (`npm run lab -- image add NAME FILE`).
 */
export function describeWithImage(
  image: string,
  what: string,
  tests: () => void,
  /** Programs that they need as well. */
  ...programs: readonly Program[]
): void {
  const havePrograms = programs.length === 0 || haveAll(what, ...programs);
  const there = addedContainers().some(({ references }) => references.includes(hubReference(image)));
  if (!there) process.stderr.write(`SKIPPED: ${what} (missing: the image ${shortName(hubReference(image))})\n`);
  (there && havePrograms ? describe : describe.skip)(what, tests);
}
