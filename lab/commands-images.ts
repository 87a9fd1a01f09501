import type { Command } from "commander";
import { prepareArtefact } from "./artefacts";
import { labCommand, contextOf } from "./command-line";
import { hubReference, shortName } from "./container-names";
import { CONTAINER_RECIPES } from "./container-recipes";
import { addContainer, addedContainers, fetchContainer, removeContainer } from "./added-containers";
import { Progress } from "./events";
import { widenPath } from "./host";
import { checkImages, imageLine } from "./image-check";
import { pushContainers } from "./registry";
import { registryRuns } from "./services";

/** Commands about the images of the lab's registry. */
export function addImageCommands(root: Command): void {
  const image = root.command("image").description("images in the lab's container registry");
  labCommand(
    image,
    "add <name> <archive>",
    "keep an image that docker save or an OCI tool wrote, and give it to the registry if it runs",
  ).action(async (name: string, archive: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    const added = await addContainer(name, archive);
    const running = registryRuns(state);
    if (running) await pushContainers(state, (await prepareArtefact("crane", progress)).file, [added]);
    const told = added.references.map(shortName).join(", ");
    process.stdout.write(
      `${told} is kept${running ? ", and in the registry" : " for the next start of a lab with a registry"}\n`,
    );
  });
  image
    .command("list")
    .description("names that can be pulled, and where each is from")
    .action(() => {
      process.stdout.write(`${imageLines().join("\n")}\n`);
    });
  image
    .command("get <name>")
    .description("make sure that an image can be pulled: fetch it from Docker Hub unless it is there")
    .action(async (name: string) => {
      const reference = hubReference(name);
      const there = [...addedContainers(), ...CONTAINER_RECIPES].some(({ references }) =>
        references.includes(reference),
      );
      if (!there) await fetchContainer(name, (await prepareArtefact("crane", new Progress(undefined))).file);
      process.stdout.write(`${shortName(reference)} ${there ? "is there" : "was fetched from Docker Hub"}\n`);
    });
  image
    .command("check <name...>")
    .description(
      "whether images can be had, and from where; nothing is fetched. Without --json ends with 1 where one can't",
    )
    .option("--json", "for a program", false)
    .action(async (names: string[], options: { json: boolean }) => {
      widenPath();
      const checks = await checkImages(names);
      process.stdout.write(`${options.json ? JSON.stringify(checks, null, 2) : checks.map(imageLine).join("\n")}\n`);
      if (!options.json && checks.some(({ available }) => !available)) process.exitCode = 1;
    });
  image
    .command("remove <name>")
    .description("forget an added image; a registry that runs keeps it until the lab is started again")
    .action((name: string) => {
      process.stdout.write(removeContainer(name) ? `${name} is forgotten\n` : `no image ${name} was added\n`);
    });
}

/** One line for each name: added ones first, since they take the place of the lab's own. */
export function imageLines(): string[] {
  const containers = addedContainers();
  const added = containers.flatMap(({ references }) => references);
  const own = CONTAINER_RECIPES.flatMap(({ references, about }) =>
    references
      .filter((reference) => !added.includes(reference))
      .map((reference) => `${shortName(reference)}  made of the distribution's package ${about}`),
  );
  const brought = containers.flatMap(({ references, fetched }) =>
    references.map((reference) => `${shortName(reference)}  ${fetched ? "fetched from Docker Hub" : "added"}`),
  );
  return [...brought, ...own];
}
