import { LabError } from "./errors";

/**
 * The name under which a Docker Hub mirror is asked for an image: `busybox:1` is `library/busybox:1`, no tag is `latest`.
 *
 * @throws LabError for a name that Docker would not look up at Docker Hub, or that is none
 */
export function hubReference(name: string): string {
  const plain = name.replace(/^(docker\.io|index\.docker\.io|registry-1\.docker\.io)\//, "");
  const parts = /^((?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*\/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?$/.exec(
    plain,
  );
  const repository = parts?.[1];
  if (repository === undefined) {
    throw new LabError(`"${name}" is not the name of an image with a tag`, "write it like nginx:stable or me/app:1.2");
  }
  const [first = ""] = repository.split("/");
  if (repository.includes("/") && /[.:]|^localhost$/.test(first)) {
    throw new LabError(
      `"${name}" belongs to the registry ${first}; the lab's registry stands for Docker Hub only`,
      `add it under a name of Docker Hub's kind: ${repository.slice(first.length + 1)}`,
    );
  }
  return `${repository.includes("/") ? "" : "library/"}${repository}:${parts?.[2] ?? "latest"}`;
}

/** A reference in its usual short form. */
export function shortName(reference: string): string {
  return reference.replace(/^library\//, "");
}
