import fc from "fast-check";
import { parse } from "yaml";
import { CloudInit, renderCloudConfig } from "../../../constructs/machine";
import { yamlText } from "../../../constructs/machine/render/yaml";
import { networkConfigOf, seedOf } from "../../../lab/seed";
import { pyYaml, withPyYaml } from "../../support/py-yaml";
import { YAML_TEXTS, yamlAwkwardText } from "../../support/yaml-texts";

const MINUTE = 60_000;

withPyYaml("PyYAML reads each awkward text as it is", () => {
  const read = pyYaml(yamlText({ texts: YAML_TEXTS, maps: YAML_TEXTS.map((text) => ({ [`/${text.length}`]: text })) }));
  expect(read).toEqual([{ texts: YAML_TEXTS, maps: YAML_TEXTS.map((text) => ({ [`/${text.length}`]: text })) }]);
});

withPyYaml(
  "PyYAML reads any text as it is, as a value, in a list and as a key; YAML 1.2 does, too",
  () => {
    fc.assert(
      fc.property(fc.array(yamlAwkwardText, { minLength: 8, maxLength: 25 }), (texts) => {
        const value = { hostname: texts[0], list: texts, files: texts.map((content) => ({ content, path: "/a" })) };
        const keys = Object.fromEntries(texts.filter((text) => text.length < 200).map((text) => [`k${text}`, text]));
        const text = yamlText({ ...value, keys });
        expect(pyYaml(text)).toEqual([{ ...value, keys }]);
        expect(parse(text)).toEqual({ ...value, keys });
      }),
      { numRuns: 12 },
    );
  },
  MINUTE,
);

withPyYaml("a machine may be called like a word of YAML, and its files may hold anything", () => {
  const names = ["no", "on", "y", "null"];
  const model = (hostname: string): CloudInit =>
    new CloudInit({ hostname }).add("a", {
      files: YAML_TEXTS.map((content, index) => ({ path: `/t/${index}`, content })),
      commands: ["no", "echo: x"],
    });
  const read = pyYaml(...names.map((name) => renderCloudConfig(model(name)))) as {
    hostname: unknown;
    write_files: { content: unknown }[];
    runcmd: unknown[];
  }[];
  expect(read.map(({ hostname }) => hostname)).toEqual(names);
  for (const { write_files, runcmd } of read) {
    expect(write_files.map(({ content }) => content)).toEqual(YAML_TEXTS);
    expect(runcmd.slice(2, 4)).toEqual(["no", "echo: x"]);
  }
});

withPyYaml("the lab's seed says the same in YAML 1.1", () => {
  const nics = [{ interface: "eth0", addresses: ["10.0.0.5/24", "1:20:30:40:50::5/112"] }];
  for (const name of ["no", "on", "y", "n", "null"]) {
    const seed = seedOf(
      "01234567",
      { name, memoryMiB: 320, nics, preinstalled: [], beforeRemoval: "" },
      "#cloud-config\n",
      {
        authorizedKey: "",
        hostKey: "",
        hosts: "",
      },
    );
    const [metaData, networkConfig] = pyYaml(
      seed["meta-data"],
      networkConfigOf("01234567", { name, memoryMiB: 320, nics, preinstalled: [], beforeRemoval: "" }),
    );
    expect(metaData).toEqual({ "instance-id": expect.stringMatching(`^${name}-`) as string, "local-hostname": name });
    expect(networkConfig).toEqual(parse(seed["network-config"]));
    expect(networkConfig).toMatchObject({
      ethernets: { eth0: { addresses: nics[0]?.addresses, gateway4: "10.0.0.1" } },
    });
  }
});
