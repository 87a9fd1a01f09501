// `unit` needs nothing but Node; `package` installs the packed library elsewhere; `lab` boots machines (Linux, root);
// `long` is for `npm run test:long`: many runs of what a single one shows only by chance.
const common = {
  transform: { "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" } }] },
  testEnvironment: "node",
  // The examples' "vipstack" is the source, not what was built last.
  moduleNameMapper: {
    "^vipstack$": "<rootDir>/constructs/index.ts",
    "^vipstack/testing$": "<rootDir>/constructs/testing/index.ts",
  },
  modulePathIgnorePatterns: ["<rootDir>/dist", "<rootDir>/cdktf.out"],
};
module.exports = {
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/test/**/*.test.ts"] },
    { ...common, displayName: "package", testMatch: ["<rootDir>/test/package/*.pack.ts"] },
    {
      ...common,
      displayName: "lab",
      testMatch: ["<rootDir>/test/lab/**/*.lab.ts"],
      globalSetup: "<rootDir>/test/lab/support/prepare.ts",
      setupFilesAfterEnv: ["<rootDir>/test/lab/support/patience.ts"],
    },
    {
      ...common,
      displayName: "long",
      testMatch: ["<rootDir>/test/lab/**/*.long.ts"],
      globalSetup: "<rootDir>/test/lab/support/prepare.ts",
      setupFilesAfterEnv: ["<rootDir>/test/lab/support/patience.ts"],
    },
  ],
};
