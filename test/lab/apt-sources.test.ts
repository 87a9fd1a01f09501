import { archiveHosts, distributionSources, parseSources, sourceLines } from "../../lab/apt-sources";

test("apt's list of archives is read in all its forms; only the distribution's own go into the image", () => {
  const sources = parseSources(
    [
      "http://archive.test/debian/|bookworm|main|$(SIGNED_BY)",
      "http://archive.test/debian/|bookworm|contrib|$(SIGNED_BY)",
      "http://archive.test/debian/|bookworm|main|$(SIGNED_BY)",
      "https://security.test/debian-security/|bookworm-security|main|/usr/share/keyrings/k.gpg",
      "https://vendor.test/apt/|stable|main|",
      "cdrom:[x]/|bookworm|main|",
      "",
    ].join("\n"),
  );
  expect(sourceLines(distributionSources(sources, "bookworm"))).toEqual([
    "deb http://archive.test/debian bookworm main contrib",
    "deb [signed-by=/usr/share/keyrings/k.gpg] https://security.test/debian-security bookworm-security main",
  ]);
  expect(archiveHosts(sources)).toEqual(["archive.test", "security.test", "vendor.test"]);
});
