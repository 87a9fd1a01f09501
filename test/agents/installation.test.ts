import { TerraformStack } from "cdktf";
import { Installation } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { machinesOf, modelsOf, OfferingBackend } from "../support/agents";
import { synth } from "../support/synth";

test("from what the backend offers: a download; from the vendor: a package that stays, its source and its key", () => {
  const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----";
  const [offered, packaged] = modelsOf((stack) => {
    const machines = machinesOf(stack, ["a", "b"]);
    const install = Installation.vendorApt({ version: "1.14.10", key });
    new ConsulServer(stack, "one", { machine: machines[0]! });
    new ConsulServer(stack, "two", { machine: machines[1]!, install });
    return machines;
  });
  expect(offered!.downloads).toEqual([
    {
      url: "http://10.0.0.1:3143/consul_1.14.11",
      sha256: "a".repeat(64),
      path: "/usr/local/bin/consul",
      version: "1.14.11",
    },
  ]);
  expect(packaged!.packages).toEqual(["consul=1.14.10-1", "curl"]);
  expect(packaged!.aptSources).toMatchObject([{ name: "hashicorp", pins: { consul: "1.14.10-1" } }]);
  expect(packaged!.units[0]?.content).toContain("ExecStart=/usr/bin/consul agent");
});

test("an archive of the vendor holds the program under its name", () => {
  const url = "https://releases.hashicorp.com/consul/1.14.11/consul_1.14.11_linux_amd64.zip";
  const install = Installation.url({ url, sha256: "b".repeat(64), version: "1.14.11" });
  expect(install._of("consul").contribution.downloads).toEqual([
    {
      url,
      sha256: "b".repeat(64),
      path: "/usr/local/bin/consul",
      version: "1.14.11",
      unpack: "zip",
      member: "consul",
    },
  ]);
});

test("a release: the vendor's zip by its known sum; where the backend offers that version, what it offers", () => {
  const [arm, offered, other] = modelsOf((stack) => {
    const bare = new OfferingBackend(stack, "bare", {});
    const offering = new OfferingBackend(stack, "offering", { consul: "2.0.2" });
    const machines = [...machinesOf(stack, ["a"], bare), ...machinesOf(stack, ["b", "c"], offering)];
    const releases = [
      Installation.release("1.16.3", { architecture: "arm64" }),
      Installation.release("2.0.2"),
      Installation.release("1.16.3"),
    ];
    for (const [index, install] of releases.entries())
      new ConsulServer(stack, `consul${index}`, { machine: machines[index]!, install });
    return machines;
  });
  expect(arm!.downloads).toEqual([
    {
      url: "https://releases.hashicorp.com/consul/1.16.3/consul_1.16.3_linux_arm64.zip",
      sha256: "349d1a996349ee496d389464884a10bf0899bd46b2820bf6fc1dc29c49caa50b",
      path: "/usr/local/bin/consul",
      version: "1.16.3",
      unpack: "zip",
      member: "consul",
    },
  ]);
  expect(offered!.downloads).toMatchObject([{ url: "http://10.0.0.1:3143/consul_2.0.2", sha256: "a".repeat(64) }]);
  expect(other!.downloads).toMatchObject([
    { sha256: "9d0d7ad123844d43543d285cc0b3e15393d75ffa384bf84e5d64226a7f3d3132" },
  ]);
});

test.each<[string, (stack: TerraformStack) => unknown, string]>([
  [
    "a backend without the program",
    (stack) => {
      const [machine] = machinesOf(stack, ["s1"], new OfferingBackend(stack, "bare", {}));
      new ConsulServer(stack, "consul", { machine: machine! });
    },
    "test/consul: 'install' must say where consul comes from: the backend of s1 has none to offer: Installation.release(version), Installation.vendorApt({ version, key }), or Installation.url({ url, sha256, version })",
  ],
  [
    "a release without a known sum",
    (stack) => {
      const [machine] = machinesOf(stack, ["s1"], new OfferingBackend(stack, "bare", {}));
      new ConsulServer(stack, "consul", { machine: machine!, install: Installation.release("1.9.9") });
    },
    "test/consul: 'install' must be a release of consul whose sum is known: 1.16.3, 1.22.7, 2.0.2, got \"1.9.9\": choose one of them, or give the sum yourself: Installation.url({ url, sha256, version })",
  ],
  [
    "a release that is no version",
    (stack) => {
      const [machine] = machinesOf(stack, ["s1"]);
      new ConsulServer(stack, "consul", { machine: machine!, install: Installation.release("latest") });
    },
    "test/consul: 'install' must name a version of three numbers, got \"latest\": write it like '1.14.11'; a word like 'latest' would make two machines different",
  ],
  [
    "a URL without a version and a sum",
    (stack) => {
      const [machine] = machinesOf(stack, ["s1"]);
      const install = Installation.url({ url: "http://a/consul", sha256: "12", version: "1.14" });
      new ConsulServer(stack, "consul", { machine: machine!, install });
    },
    `test/consul: 2 problems
  - 'install' must name a version of three numbers, got "1.14": write it like '1.14.11'; a word like 'latest' would make two machines different
  - 'install' must have a sha256 of 64 hexadecimal digits, got "12": sha256sum FILE prints it`,
  ],
])("fails on %s", (_, build, message) => {
  expect(() => synth((stack) => void build(stack))).toThrow(new Error(message));
});
