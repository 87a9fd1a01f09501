import js from "@eslint/js";
import jest from "eslint-plugin-jest";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "api", "cdktf.out", ".vipstack", "node_modules"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: {
        require: "readonly",
        module: "writable",
        process: "readonly",
        console: "readonly",
        __dirname: "readonly",
      },
    },
  },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers read well in template strings, and nearly every rule line holds one.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A construct is made for its effect on the tree: `new Route(this, "r", …)`.
      "no-new": "off",
      // Value classes with static makers only (no unions with a kind field) are how variants are written here.
      "@typescript-eslint/no-extraneous-class": "off",
    },
  },
  {
    files: ["test/**/*.ts"],
    plugins: { jest },
    rules: {
      ...jest.configs["flat/recommended"].rules,
      "jest/expect-expect": ["warn", { assertFunctionNames: ["expect", "expect*"] }],
      "jest/no-standalone-expect": [
        "error",
        {
          additionalTestBlockFunctions: [
            "withTerraform",
            "eachTerraform",
            "withConsul",
            "withNomad",
            "withNomad.each",
            "withProviders",
            "withSsh",
            "withPyYaml",
            "withMounts.each",
          ],
        },
      ],
      "jest/no-large-snapshots": ["error", { maxSize: 60 }],
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  // Tests that two files share.
  { files: ["test/**/support/**/*.ts"], rules: { "jest/no-export": "off" } },
);
