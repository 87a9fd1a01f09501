import { deployed } from "./support/deployment";
import { Gateways } from "./support/gateways";
import { APISIX, describeWithImage } from "./support/images";
import { BOOT, eventually, MINUTES, secondsUntil } from "./support/waiting";

// A tenth of the requests try the new version, and a deployment changes the share.

const ports = { VIPSTACK_CONSUL_PORT: "18630", VIPSTACK_GATEWAY_PORT: "18631" };

describeWithImage(APISIX, "a canary by weights", () => {
  const scene = deployed("apisix-canary", ports);
  const gateways = new Gateways(scene, ["gateway"], "apisix");

  /** How many of 200 requests the new version answered. */
  async function share(): Promise<number> {
    const { new: next = 0, ...rest } = await scene.answers("old", "http://192.168.139.41:9080/", 200);
    expect(rest).toEqual({ old: 200 - next });
    return next;
  }

  async function answers(): Promise<void> {
    expect(Object.keys(await scene.answers("old", "http://192.168.139.41:9080/", 20)).sort()).toEqual(["new", "old"]);
  }

  test(
    "about a tenth of the requests go to the new version; half of them after a deployment, without a restart",
    async () => {
      await eventually(answers, BOOT);
      const first = await share();
      expect(first).toBeGreaterThanOrEqual(5);
      expect(first).toBeLessThanOrEqual(40);

      const before = await gateways.identities();
      await scene.up({ ...ports, CANARY: "50" });
      let second = 0;
      const seconds = await secondsUntil(async () => {
        second = await share();
        expect(second).toBeGreaterThanOrEqual(70);
      });
      expect(second).toBeLessThanOrEqual(130);
      expect(await gateways.identities()).toEqual(before);
      console.log(`of 200 requests ${first} went to the new version; with CANARY=50 ${second}, ${seconds} s later`);
    },
    BOOT + 5 * MINUTES,
  );
});
