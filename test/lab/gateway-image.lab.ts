import { existsSync } from "node:fs";
import { join } from "node:path";
import { BOOT, LabDeployment, MINUTES } from "./support/deployment";

// `vipstack up` of a program that wants a container image which nobody has.

const scene = LabDeployment.ofProgram(join(__dirname, "support", "absent-image-program.js"));
afterAll(async () => {
  await scene.down();
}, BOOT);

test(
  "a program that can't do without is refused before anything is made, with the reason and what to do",
  async () => {
    const started = Date.now();
    const { exitCode, output } = await scene.upFails();
    console.log(`refused after ${Math.round((Date.now() - started) / 100) / 10} s`);
    expect(exitCode).toBe(1);
    // Why Docker Hub doesn't give it differs from host to host.
    const [, said = ""] = output.replaceAll(/from Docker Hub: .*/g, "from Docker Hub: REASON").split("\n\n");
    expect(said).toBe(
      [
        "error: me/absent:1 can't be had from Docker Hub: REASON",
        "  what to do: bring it in: docker save me/absent:1 --output image.tar, then image add me/absent:1 image.tar",
        "→ the program can't do without: bring the image in with `npm run lab -- image add`, then run this again",
      ].join("\n"),
    );
    expect(output).not.toMatch(/Prepare this host|cdktf deploy/);
    expect(existsSync(scene.labDirectory)).toBe(false);
  },
  5 * MINUTES,
);

test(
  "a program that asks is brought up without what needs it, and up says so in one line",
  async () => {
    const output = await scene.up({ WITHOUT: "yes" });
    const sentence =
      "Without me/absent:1, which can't be had here: what needs it is left out (npm run lab -- image add NAME FILE brings one in)";
    expect(output).toContain(sentence);
    expect(await scene.on("box", "cat /etc/the-rest; ls /etc/systemd/system | grep gateway || true")).toBe("is here");
    const again = await scene.up({ WITHOUT: "yes" });
    expect(again).toContain(sentence);
    expect(again).toMatch(/Nothing to change: everything was up already/);
  },
  BOOT,
);
