import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { App, LocalBackend, TerraformStack, TerraformVariable } from "cdktf";
import fc from "fast-check";
import {
  CloudInit,
  IBackend,
  LabBackend,
  Machine,
  OrbStackBackend,
  renderPushScript,
  renderSetupScript,
  renderTeardownScript,
  SshBackend,
} from "../../../constructs/machine";
import { bringSecrets, renderSecretsScript, secretVariable } from "../../../constructs/machine/render/secrets";
import { awkwardText } from "../../support/awkward-text";
import { synth } from "../../support/synth";
import { TERRAFORM, TERRAFORM_ENVIRONMENT, withTerraform } from "../../support/terraform";

const interfaces = { eth0: ["10.0.0.2/24"] };
const hosts = (stack: TerraformStack): IBackend => new SshBackend(stack, "hosts");
const box = (stack: TerraformStack, backend = hosts(stack)): Machine =>
  new Machine(stack, "box", { backend, interfaces });
const variable = (stack: TerraformStack, id = "key"): string =>
  new TerraformVariable(stack, id, { type: "string", sensitive: true }).stringValue;
const key = (content: string, path = "/etc/a.key") => ({ path, content, reloads: "a.service" });

describe("what is synthesized", () => {
  test("the JSON holds references, hashed where they are triggers", () => {
    const result = synth((stack) => {
      const machine = box(stack);
      machine.contribute(stack, { secrets: [key(variable(stack))] });
      const content = `\${literal}\\ ${variable(stack, "token")}\n`;
      machine.contribute(stack, () => ({ secrets: [{ ...key(content, "/etc/b.conf"), mode: "0640" }] }));
    });
    expect(result.data("box_secrets")).toEqual({
      "//": { metadata: { path: "test/box/secrets", uniqueId: "box_secrets" } },
      depends_on: ["terraform_data.box_live"],
      triggers_replace: {
        machine: "${terraform_data.box.id}",
        "/etc/a.key": "0600 ${sha256(var.key)}",
        "/etc/b.conf": "0640 $${literal}\\ ${sha256(var.token)}\n",
      },
      provisioner: [
        {
          "local-exec": {
            command:
              "script=$(sh machines/box/secrets.sh) && printf '%s\\n' \"$script\" | ssh -o BatchMode=yes box sudo -n sh -s",
            environment: {
              VIPSTACK_SECRET_0: "${var.key}",
              VIPSTACK_SECRET_1: "$${literal}\\ ${var.token}\n",
            },
          },
        },
      ],
    });
    expect(result.file("machines/box/secrets.sh")).toMatch("bring");
  });

  test.each([
    {
      name: "the lab",
      backend: (stack: TerraformStack) =>
        new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"], directory: "/lab", program: "/lab.js" }),
      transport: 'ssh -F "$LAB_DIRECTORY/ssh_config" box sh -s',
      environment: { LAB_DIRECTORY: "/lab", VIPSTACK_LAB: "/lab.js", VIPSTACK_SECRET_0: "${var.key}" },
    },
    {
      name: "OrbStack",
      backend: (stack: TerraformStack) => new OrbStackBackend(stack, "mac"),
      transport: "orb -m box -u root sh -s",
      environment: { VIPSTACK_SECRET_0: "${var.key}" },
    },
    {
      name: "ssh without sudo",
      backend: (stack: TerraformStack) => new SshBackend(stack, "h", { configFile: "/c", sudo: false }),
      transport: 'ssh -F "$SSH_CONFIG_FILE" -o BatchMode=yes box sh -s',
      environment: { SSH_CONFIG_FILE: "/c", VIPSTACK_SECRET_0: "${var.key}" },
    },
  ])("$name: the same transport as for live content", ({ backend, transport, environment }) => {
    const result = synth((stack) => {
      box(stack, backend(stack)).contribute(stack, { secrets: [key(variable(stack))] });
    });
    const command = (id: string): unknown => result.data(id).provisioner[0]?.["local-exec"];
    expect(command("box_secrets")).toEqual({
      command: `script=$(sh machines/box/secrets.sh) && printf '%s\\n' "$script" | ${transport}`,
      environment,
    });
    expect(command("box_live")).toMatchObject({ command: `${transport} < machines/box/live.sh` });
  });

  test("without secrets there is no trace of them", () => {
    const result = synth((stack) => {
      box(stack).contribute(stack, () => ({}));
    });
    expect(Object.keys(result.json.resource.terraform_data)).toEqual(["box", "box_live"]);
    expect(JSON.stringify(result.json.resource)).not.toMatch(/secret/i);
    expect(() => result.file("machines/box/secrets.sh")).toThrow(/ENOENT/);
  });

  test("a secret is no boot content: another one replaces no machine", () => {
    const [without, one] = [[], ["key"]].map((ids) =>
      synth((stack) => {
        const machine = box(stack, new OrbStackBackend(stack, "mac"));
        machine.contribute(stack, { secrets: ids.map((id) => key(variable(stack, id))) });
      }),
    );
    expect(one?.data("box")).toEqual(without?.data("box"));
    expect(one?.file("machines/box/user-data")).toBe(without?.file("machines/box/user-data"));
  });
});

describe("refusals", () => {
  const message =
    "test: 'secrets' can't hold the content of /etc/a.key as text, which would be in the synthesized JSON: " +
    'give the value of a sensitive variable: new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue';

  test("a secret as text, without repeating it", () => {
    expect(() =>
      synth((stack) => {
        box(stack).contribute(stack, { secrets: [key("hunter2")] });
      }),
    ).toThrow(new Error(message));
  });

  test("also where a role gives it late", () => {
    expect(() =>
      synth((stack) => {
        box(stack).contribute(stack, () => ({ secrets: [key("hunter2")] }));
      }),
    ).toThrow(new Error(message));
  });

  test("two roles with different secrets at one path", () => {
    expect(() =>
      synth((stack) => {
        const machine = box(stack);
        machine.contribute(machine, { secrets: [key(variable(stack))] });
        machine.contribute(stack, { secrets: [key(variable(stack, "other"))] });
      }),
    ).toThrow("test: 'secrets' can't give /etc/a.key another content than test/box does");
  });

  test("a secret where another role has a file, found at synth where one of them is late", () => {
    expect(() =>
      synth((stack) => {
        const machine = box(stack);
        machine.contribute(machine, { files: [{ path: "/etc/a.key", content: "" }] });
        const content = variable(stack);
        machine.contribute(stack, () => ({ secrets: [key(content)] }));
      }),
    ).toThrow(
      /test: 'secrets' can't give \/etc\/a\.key another content than test\/box does: put test and test\/box on machines/,
    );
  });
});

describe("scripts of the machine", () => {
  const secrets = [key("${token}"), { ...key("${token}"), reloads: "b.service" }];

  test("two roles that read one secret are both reloaded", () => {
    const model = new CloudInit().add("a", { secrets: secrets.slice(0, 1) }).add("b", { secrets: secrets.slice(1) });
    expect(model.secrets).toEqual([
      { path: "/etc/a.key", content: "${token}", mode: "0600", units: ["a.service", "b.service"] },
    ]);
  });

  test("on a host that exists, what was there before is kept and given back", () => {
    const model = new CloudInit().add("a", { secrets });
    expect(renderSetupScript(model)).toMatch("\nkeep '/etc/a.key'\n");
    expect(renderTeardownScript(model)).toMatch("\ngive_back '/etc/a.key'\n");
    expect(renderSetupScript(model)).not.toMatch("put '/etc/a.key'");
  });

  test("a unit that waits for its secret is not started by its live files", () => {
    const liveFiles = [{ path: "/etc/live", content: "", reloads: "a.service" }];
    expect(renderPushScript(new CloudInit().add("a", { secrets, liveFiles }))).toContain(
      "\n[ ! -e '/etc/a.key' ] || systemctl reload-or-restart a.service || {",
    );
  });
});

// Both scripts run for real here; only systemctl is a stand-in, which writes down how it was called.
describe("bringing them", () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-secrets-"));
  const programs = join(folder, "bin");
  const log = join(folder, "systemctl.log");
  const path = (name: string): string => join(folder, "etc", name);
  const mode = (name: string): string => (statSync(path(name)).mode & 0o7777).toString(8);
  const secret = (name: string, reloads = "a.service") => ({ path: path(name), content: "", reloads });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(programs, { recursive: true });
    // RUNNING and FAILING are units.
    const systemctl = `#!/bin/sh
echo "$*" >> ${log}
for last; do :; done
case "$1" in
  is-active) [ "$last" = "\${RUNNING-}" ] ;;
  reset-failed) ;;
  *) [ "$last" != "\${FAILING-}" ] ;;
esac
`;
    writeFileSync(join(programs, "systemctl"), systemctl, { mode: 0o755 });
    // What ssh does: a shell at the other end, whose environment is another one.
    const ssh = `#!/bin/sh\nexec env -i PATH="$PATH" RUNNING="\${RUNNING-}" FAILING="\${FAILING-}" sh -s\n`;
    writeFileSync(join(programs, "ssh"), ssh, { mode: 0o755 });
  });

  const environment = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
    ...TERRAFORM_ENVIRONMENT,
    PATH: `${programs}${delimiter}${process.env.PATH ?? ""}`,
    ...more,
  });
  const here = (script: string): string => script.replaceAll("/run/vipstack", join(folder, "run"));

  /** Brings contents as Terraform's command does. */
  function bring(
    secrets: Parameters<CloudInit["add"]>[1]["secrets"] & object,
    contents: readonly string[],
    more: Record<string, string> = {},
    pipe = "ssh box",
  ): { code: number | null; output: string; calls: string[] } {
    writeFileSync(join(folder, "secrets.sh"), here(renderSecretsScript(new CloudInit().add("a", { secrets }))));
    const values = Object.fromEntries(contents.map((content, index) => [secretVariable(index), content]));
    const { status, stdout, stderr } = spawnSync("sh", ["-c", bringSecrets(join(folder, "secrets.sh"), pipe)], {
      env: environment({ ...values, ...more }),
      encoding: "utf8",
    });
    const calls = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    rmSync(log, { force: true });
    return { code: status, output: stdout + stderr, calls: calls.filter((call) => !call.startsWith("reset-failed")) };
  }

  test("any text arrives byte for byte, for its owner only", () => {
    const text = awkwardText.filter((each) => !each.includes("\0"));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
        const secrets = texts.map((_, index) => secret(`${index}.key`));
        expect(bring(secrets, texts)).toMatchObject({ code: 0, output: "" });
        texts.forEach((each, index) => {
          expect(readFileSync(path(`${index}.key`))).toEqual(Buffer.from(each));
          expect(mode(`${index}.key`)).toBe("600");
        });
      }),
      { numRuns: 25 },
    );
  });

  test.each(["", "no newline", "newline\n", "\n\n", "EOF\nSCRIPT\n", "-n", "%s%n\\c", `${"long ".repeat(20_000)}end`])(
    "%j arrives byte for byte",
    (text) => {
      expect(bring([secret("a.key")], [text])).toMatchObject({ code: 0, output: "" });
      expect(readFileSync(path("a.key"))).toEqual(Buffer.from(text));
    },
  );

  test("a unit is reloaded once where one of its secrets differs, others are left alone", () => {
    const secrets = [secret("one"), secret("two"), secret("three", "b.service"), secret("one", "c.service")];
    expect(bring(secrets, ["1", "2", "3"]).calls).toEqual([
      "reload-or-restart a.service",
      "reload-or-restart c.service",
      "reload-or-restart b.service",
    ]);
    const running = { RUNNING: "b.service" };
    expect(bring(secrets, ["1", "changed", "3"], running).calls).toEqual([
      "reload-or-restart a.service",
      "is-active --quiet c.service",
      "start c.service",
      "is-active --quiet b.service",
    ]);
  });

  test("a file that is right already stays what it is, mode included", () => {
    bring([secret("a.key")], ["1"]);
    const before = statSync(path("a.key"));
    bring([secret("a.key")], ["1"], { RUNNING: "a.service" });
    expect(statSync(path("a.key")).ino).toBe(before.ino);
    chmodSync(path("a.key"), 0o644);
    expect(bring([secret("a.key")], ["1"]).calls).toEqual(["reload-or-restart a.service"]);
    expect(mode("a.key")).toBe("600");
    bring([{ ...secret("a.key"), mode: "0640" }], ["1"]);
    expect(mode("a.key")).toBe("640");
    expect(readdirSync(join(folder, "etc"))).toEqual(["a.key"]);
  });

  test("a unit that fails fails the deployment, and is reloaded the next time", () => {
    const failed = bring([secret("a.key")], ["1"], { FAILING: "a.service", RUNNING: "a.service" });
    expect(failed).toMatchObject({
      code: 1,
      output: "a.service does not run with its secrets; on the machine, journalctl --unit=a.service says why\n",
    });
    const again = bring([secret("a.key")], ["1"], { RUNNING: "a.service" });
    expect(again).toEqual({ code: 0, output: "", calls: ["reload-or-restart a.service"] });
    expect(bring([secret("a.key")], ["1"], { RUNNING: "a.service" }).calls).toEqual(["is-active --quiet a.service"]);
  });

  test.each(["head -c 300", "head -c 900", "head -n 30", "head -n -1"])(
    "a script that was cut off (%s) changes nothing and fails",
    (cut) => {
      bring([secret("a.key")], ["before"]);
      const { code, calls } = bring([secret("a.key")], ["after"], {}, `${cut} | ssh box`);
      expect(code).not.toBe(0);
      expect(calls).toEqual([]);
      expect(readFileSync(path("a.key"), "utf8")).toBe("before");
    },
  );

  test("a content that is missing fails, and nothing is done", () => {
    const { code, calls } = bring([secret("a.key"), secret("b.key")], ["only one"]);
    expect(code).not.toBe(0);
    expect(calls).toEqual([]);
    expect(existsSync(path("a.key"))).toBe(false);
  });

  withTerraform(
    "Terraform brings them once, shows nothing of them, and keeps a hash",
    () => {
      const needle = "n33dle";
      const content = `${needle} "'$HOME \${x} %{y} $\${z} \\n \\\n\tend`;
      const app = new App({ outdir: join(folder, "out") });
      const stack = new TerraformStack(app, "test");
      const state = join(folder, "test.tfstate");
      new LocalBackend(stack, { path: state });
      const machine = new Machine(stack, "box", { backend: new SshBackend(stack, "h", { sudo: false }), interfaces });
      const token = variable(stack);
      machine.contribute(stack, {
        secrets: [
          { ...secret("a.key"), content: token },
          { ...secret("b.conf"), content: `\${lit} "\\ ${token}\n` },
        ],
      });
      app.synth();
      const cwd = join(folder, "out", "stacks", "test");
      for (const script of ["setup.sh", "live.sh"]) writeFileSync(join(cwd, "machines/box", script), "");
      writeFileSync(join(cwd, "machines/box/teardown.sh"), "");
      const file = join(cwd, "machines/box/secrets.sh");
      writeFileSync(file, here(readFileSync(file, "utf8")));

      const terraform = (words: string[], value: string, more: Record<string, string> = {}) => {
        const env = environment({ TF_VAR_key: value, RUNNING: "a.service", ...more });
        const { status, stdout, stderr } = spawnSync(TERRAFORM, [...words, "-no-color"], {
          cwd,
          env,
          encoding: "utf8",
        });
        return { status, output: stdout + stderr };
      };
      const apply = ["apply", "-auto-approve", "-input=false"];
      execFileSync(TERRAFORM, ["init"], { cwd, env: environment(), stdio: "pipe" });

      const first = terraform(apply, content);
      expect(first.status).toBe(0);
      expect(first.output).toMatch(
        /box_secrets.*\(local-exec\): \(output suppressed due to sensitive value in config\)/,
      );
      expect(readFileSync(path("a.key"), "utf8")).toBe(content);
      expect(readFileSync(path("b.conf"), "utf8")).toBe(`\${lit} "\\ ${content}\n`);
      expect(terraform(["plan", "-detailed-exitcode"], content)).toMatchObject({ status: 0 });

      const failed = terraform(apply, `${content}2`, { FAILING: "a.service" });
      expect(failed.status).toBe(1);
      // Terraform folds lines. What the command says is shown after a failure, sensitive or not.
      expect(failed.output.replace(/\s+/g, " ")).toMatch(
        "Output: a.service does not run with its secrets; on the machine,",
      );
      const mended = terraform(apply, `${content}2`);
      expect(mended.output).toMatch("1 added, 0 changed, 1 destroyed");
      expect(readFileSync(path("a.key"), "utf8")).toBe(`${content}2`);

      rmSync(join(folder, "etc"), { recursive: true });
      const traces = [first, failed, mended].map(({ output }) => output).join("");
      expect(traces).not.toContain(needle);
      const found = spawnSync("grep", ["-rl", needle, folder], { encoding: "utf8" });
      expect(found.stdout).toBe("");
      const sha256 = createHash("sha256").update(`${content}2`).digest("hex");
      expect(readFileSync(state, "utf8")).toContain(`"${path("a.key")}": "0600 ${sha256}"`);
    },
    60_000,
  );
});
