import execa from "execa";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageLines } from "../../../lab/offline/commands";
import { packageVersion } from "../../../lab/offline/image-build";
import { CONTAINER_RECIPES, containerLabels } from "../../../lab/offline/image-recipes";
import {
  addContainer,
  addedContainers,
  hubReference,
  removeContainer,
  shortName,
  withAdded,
} from "../../../lab/offline/images";

const folder = mkdtempSync(join(tmpdir(), "lab-containers-"));
const cache = process.env.XDG_CACHE_HOME;
beforeAll(() => {
  process.env.XDG_CACHE_HOME = folder;
});
afterAll(() => {
  if (cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cache;
  rmSync(folder, { recursive: true });
});

test.each([
  ["busybox:1", "library/busybox:1"],
  ["httpd", "library/httpd:latest"],
  ["docker.io/library/nginx:stable", "library/nginx:stable"],
  ["me/app:1.2", "me/app:1.2"],
  ["docker.io/me/app", "me/app:latest"],
])("%s is %s at Docker Hub", (name, reference) => {
  expect(hubReference(name)).toBe(reference);
});

test.each([
  ["ghcr.io/me/app:1", '"ghcr.io/me/app:1" belongs to the registry ghcr.io'],
  ["Nginx", '"Nginx" is not the name of an image with a tag'],
  ["nginx@sha256:00", "is not the name of an image with a tag"],
  ["../nginx", "is not the name of an image with a tag"],
])("%s is refused", (name, message) => {
  expect(() => hubReference(name)).toThrow(message);
});

test("the images have the names that users pull, each once", () => {
  const names = CONTAINER_RECIPES.flatMap(({ references }) => references);
  expect(names).toEqual(
    expect.arrayContaining(["busybox:1", "nginx:stable", "httpd", "httpd:2.4", "caddy"].map(hubReference)),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(hubReference(shortName(name))).toBe(name);
});

test("an image says that it is not the one of Docker Hub", () => {
  const [, nginx] = CONTAINER_RECIPES;
  expect(nginx && containerLabels(nginx, "Debian", "1.22.1-9")).toEqual({
    "org.opencontainers.image.title": "nginx",
    "org.opencontainers.image.description":
      "Debian's build of nginx, made by the vipstack lab from Debian packages; not the image of Docker Hub",
    "org.opencontainers.image.version": "1.22.1-9",
    "org.opencontainers.image.vendor": "Debian",
  });
});

test("the version of a package is read from what apt prints", () => {
  const output = [
    "Get:28 http://archive bookworm-security/main amd64 nginx-common all 1.22.1-8 [116 kB]",
    "Get:29 http://archive bookworm-security/main amd64 nginx amd64 1.22.1-9+deb12u11 [532 kB]",
  ].join("\n");
  expect(packageVersion(output, "nginx")).toBe("1.22.1-9+deb12u11");
  expect(packageVersion(output, "caddy")).toBeUndefined();
});

test("an added image takes the place of the lab's own one of that name", () => {
  const own = [{ file: "/own", references: ["library/nginx:stable", "library/nginx:latest"] }];
  const added = [{ file: "/added", references: ["library/nginx:stable"] }];
  expect(withAdded(own, added)).toEqual([{ file: "/own", references: ["library/nginx:latest"] }, ...added]);
  expect(withAdded(own.slice(0, 1), [{ file: "/added", references: own[0]?.references ?? [] }])).toHaveLength(1);
});

test("an archive is kept under its name, replaced, listed and forgotten", async () => {
  writeFileSync(join(folder, "manifest.json"), "[]");
  const archive = join(folder, "app.tar.gz");
  await execa("tar", ["-czf", archive, "-C", folder, "./manifest.json"]);
  const added = await addContainer("me/app:1", archive);
  await addContainer("me/app:1", archive);
  expect(addedContainers()).toEqual([added]);
  expect((await execa("tar", ["-tf", added.file])).stdout).toBe("manifest.json");
  expect(imageLines()[0]).toBe("me/app:1  added");
  expect(removeContainer("me/app:1")).toBe(true);
  expect(removeContainer("me/app:1")).toBe(false);
  expect(addedContainers()).toEqual([]);
});

test("what is no image is refused with the way to make one", async () => {
  writeFileSync(join(folder, "notes"), "x");
  await expect(addContainer("app", join(folder, "notes"))).rejects.toMatchObject({
    message: expect.stringContaining("is not an archive of an image") as string,
    cure: "make one: docker save app:latest --output image.tar",
  });
  expect(addedContainers()).toEqual([]);
});
