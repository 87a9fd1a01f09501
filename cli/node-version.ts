// In the syntax of an old Node, which has to read it. As in package.json, which a test compares.
const needed = "20.9";

const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
const [least, leastMinor] = needed.split(".").map(Number) as [number, number];
if (major < least || (major === least && minor < leastMinor)) {
  console.error(
    `error: this is Node ${process.versions.node}, and vipstack needs ${needed} or newer\n` +
      `  what to do: install a newer one (nodejs.org), or choose it with your version manager: nvm install ${least}`,
  );
  process.exit(1);
}

export {};
