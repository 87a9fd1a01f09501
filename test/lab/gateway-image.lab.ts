import { existsSync } from "node:fs";
import { LabDeployment } from "./support/deployment";
import { BOOT, MINUTES, secondsSince } from "./support/waiting";

// `vipstack up` of a program that wants a container image which can't be had.

const scene = LabDeployment.ofProgram("absent-image");
afterAll(async () => {
  await scene.down();
}, BOOT);

test(
  "it is refused before anything is made, with the reason and what to do",
  async () => {
    const started = Date.now();
    const { exitCode, output } = await scene.upFails();
    console.log(`refused after ${secondsSince(started)} s`);
    expect(exitCode).toBe(1);
    // Why Docker Hub doesn't give it differs from host to host.
    const [, said = ""] = output.replaceAll(/from Docker Hub: .*/g, "from Docker Hub: REASON").split("\n\n");
    expect(said).toBe(
      [
        "error: me/absent:1 can't be fetched from Docker Hub: REASON",
        "  what to do: bring it in: docker save me/absent:1 --output image.tar, then image add me/absent:1 image.tar",
        "→ bring the image in with `npx vipstack lab image add NAME FILE`, then run this again",
      ].join("\n"),
    );
    expect(output).not.toMatch(/Prepare this host|cdktf deploy/);
    expect(existsSync(scene.labDirectory)).toBe(false);
  },
  5 * MINUTES,
);
