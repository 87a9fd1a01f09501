import { addedContainers } from "./added-containers";
import { hubReference, shortName } from "./container-names";
import { CONTAINER_RECIPES } from "./container-recipes";
import { siteProblem } from "./downloads";

/** Where an image is, or would come from. */
export type ImageSource = "added" | "fetched" | "made" | "docker-hub";

/** One image in `image check --json`. */
export interface ImageCheck {
  readonly name: string;
  readonly available: boolean;
  /** null where it is not available. */
  readonly source: ImageSource | null;
  /** Where from, in words. */
  readonly from?: string;
  /** Why it is not available. */
  readonly why?: string;
  /** The words after `vipstack-lab` that bring it in. */
  readonly cure?: string;
}

/** As a line for the user. */
export function imageLine({ name, from, why, cure }: ImageCheck): string {
  return from === undefined ? `${why ?? ""} (vipstack-lab ${cure ?? ""})` : `${name}: ${from}`;
}

/**
 * Whether images are available. Nothing is fetched: Docker Hub is asked whether it answers, not whether it has the image, since only
 * `image get` logs in there.
 */
export async function checkImages(names: readonly string[]): Promise<ImageCheck[]> {
  const sources = names.map((name) => ({
    name: shortName(hubReference(name)),
    source: sourceHere(hubReference(name)),
  }));
  const problem = sources.some(({ source }) => source === undefined) ? await siteProblem(hub()) : undefined;
  return sources.map(({ name, source }) => {
    if (source !== undefined) return { name, available: true, source, from: WORDS[source] };
    if (problem === undefined) return { name, available: true, source: "docker-hub", from: WORDS["docker-hub"] };
    return {
      name,
      available: false,
      source: null,
      why: `the image ${name} is neither added nor made by the lab, and Docker Hub can't be asked: ${problem}`,
      cure: `image add ${name} FILE`,
    };
  });
}

const WORDS: Readonly<Record<ImageSource, string>> = {
  added: "an image that was added",
  fetched: "fetched from Docker Hub",
  made: "made of the distribution's packages",
  "docker-hub": "fetched from Docker Hub when it is needed",
};

function sourceHere(reference: string): ImageSource | undefined {
  const added = addedContainers().find(({ references }) => references.includes(reference));
  if (added) return added.fetched ? "fetched" : "added";
  return CONTAINER_RECIPES.some(({ references }) => references.includes(reference)) ? "made" : undefined;
}

/** Its own address, or a mirror's that is set for tests. */
function hub(): string {
  return process.env.VIPSTACK_DOCKER_HUB ?? "https://registry-1.docker.io/v2/";
}
