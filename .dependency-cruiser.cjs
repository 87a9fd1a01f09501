// The picture in docs/architecture.md, as rules that fail the build.
// Each domain may import those before it.
const domains = [
  "machine",
  "packets",
  "secrets",
  "agents",
  "consul",
  "caddy",
  "lvs",
  "nomad",
  "apisix",
  "topology",
  "deployment",
  "stacks",
  "testing",
];
module.exports = {
  forbidden: [
    // Types of one domain may name each other: halves of one thing are not torn apart for it.
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    ...domains.map((domain, index) => ({
      name: `${domain}-imports-downward`,
      severity: "error",
      from: { path: `^constructs/${domain}/` },
      to: { path: `^constructs/(${[...domains.slice(index + 1), "$"].join("|")})/` },
    })),
    {
      name: "domains-meet-at-their-index",
      severity: "error",
      from: { path: `^constructs/(${domains.join("|")})/` },
      to: { path: `^constructs/(${domains.join("|")})/(?!index\\.ts$)`, pathNot: "^constructs/$1/" },
    },
    {
      name: "no-import-of-stacks",
      severity: "error",
      from: { path: "^(constructs|lab|cli|inventory|examples)/" },
      to: { path: "^stacks/" },
    },
    {
      name: "lab-and-constructs-are-strangers",
      severity: "error",
      from: { path: "^lab/" },
      to: { path: "^(constructs|stacks|inventory|cli)/" },
    },
    {
      name: "constructs-do-not-know-the-lab",
      severity: "error",
      from: { path: "^constructs/" },
      to: { path: "^(lab|cli|stacks|inventory)/" },
    },
    {
      name: "pure-text-knows-no-cdktf",
      severity: "error",
      // A test of pure text may synthesize what the text is for.
      from: { path: "/render/|(cloud-init|topology)\\.ts$", pathNot: "^test/" },
      to: { path: "^node_modules/(cdktf|constructs|@cdktf)/" },
    },
    {
      name: "providers-only-where-they-belong",
      severity: "error",
      from: { pathNot: "^(constructs/(nomad|consul|apisix)/|constructs/private/provider\\.ts$|scripts/bench/|test/)" },
      to: { path: "^node_modules/@cdktf/provider-" },
    },
    {
      // They are optional peers: constructs/private/provider.ts loads them where one is needed.
      name: "providers-are-not-loaded-on-import",
      severity: "error",
      from: { path: "^constructs/", pathNot: "^constructs/private/provider\\.ts$" },
      to: { path: "^node_modules/@cdktf/provider-", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "programs-use-the-package",
      severity: "error",
      from: { path: "^(main\\.ts|stacks/|inventory/|examples/)" },
      to: { path: "^(constructs|lab|cli)/" },
    },
    {
      // A user copies the folder of one example.
      name: "examples-stand-alone",
      severity: "error",
      from: { path: "^examples/([^/]+)/" },
      to: { path: "^(examples|inventory|scripts|test)/|^main\\.ts$", pathNot: "^examples/$1/" },
    },
    {
      name: "private-stays-private",
      severity: "error",
      from: { pathNot: "^(constructs|test)/" },
      to: { path: "^constructs/private/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|cdktf.out)/" },
    tsPreCompilationDeps: true,
  },
};
