import { spawnSync } from "node:child_process";
import { farewellCommand, farewellCommands, farewellProgram } from "../../constructs/machine/farewell";

test("new requests end first, others get time to notice, then services stop", () => {
  expect(farewellCommands({ withdraw: ["drain"], stop: ["stop"] })).toEqual(["drain", "sleep 10", "stop"]);
  expect(farewellCommands({ stop: ["stop"] })).toEqual(["stop"]);
  expect(farewellCommands({})).toEqual([]);
});

test("a command that fails does not keep the next one from running", () => {
  const { content, mode } = farewellProgram(["false", "echo stopped"]);
  expect(mode).toBe("0755");
  expect(spawnSync("sh", { input: content, encoding: "utf8" }).stdout).toBe("stopped\n");
});

describe("as Terraform's destroy command", () => {
  const run = (shell: string, drain?: string): { status: number | null; stdout: string; stderr: string } => {
    const env = { ...process.env, VIPSTACK_DRAIN: drain };
    return spawnSync("sh", ["-c", farewellCommand(shell, `echo "it's drained"`, "web1 goes undrained")], {
      encoding: "utf8",
      env,
    });
  };

  test("the machine runs it", () => {
    expect(run("sh -s")).toMatchObject({ status: 0, stdout: "it's drained\n", stderr: "" });
  });

  test("a machine that does not answer keeps no other one", () => {
    expect(run("false")).toMatchObject({ status: 0, stdout: "", stderr: "web1 goes undrained\n" });
  });

  test("nothing is drained where everything goes", () => {
    expect(run("sh -s", "no")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });
});
