import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { shellPattern, shellWords } from "../../../constructs/machine/render/shell";
import { yamlAwkwardText } from "../../support/yaml-texts";

describe("words for a shell", () => {
  const words = (command: string): string[] => {
    const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" });
    return stdout.split("\0").slice(0, -1);
  };

  test("are read as what they are", () => {
    const text = yamlAwkwardText.filter((each) => !each.includes("\0"));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        expect(words(shellWords(texts))).toEqual(texts);
      }),
      { numRuns: 30 },
    );
    expect(words(shellWords(["srv-big\\x2ddata.mount", "$(id).service", "nginx; reboot"]))).toEqual([
      "srv-big\\x2ddata.mount",
      "$(id).service",
      "nginx; reboot",
    ]);
    expect(shellWords(["a.service", "b@1.service"])).toBe("a.service b@1.service");
  });

  test("a pattern stays one, the rest of it is quoted", () => {
    expect(shellPattern("/etc/vipstack/ipvs.d/consul-*.rules")).toBe("/etc/vipstack/ipvs.d/consul-*.rules");
    expect(shellPattern("/etc/a b/[ab]?$(id)*")).toBe("'/etc/a b/'[ab]?'$(id)'*");
  });
});
