// Two projects: `unit` needs nothing but Node, `lab` boots machines (root, Linux) and runs one file at a time.
const common = {
  transform: { "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" } }] },
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/dist", "<rootDir>/cdktf.out"],
};
module.exports = {
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/test/**/*.test.ts"] },
    { ...common, displayName: "lab", testMatch: ["<rootDir>/test/lab/**/*.lab.ts"] },
  ],
};
