import { askerOf } from "../../cli/asker";
import { deployment } from "./doctor/support/scenes";

const asker = (clients?: string[]): string | undefined => askerOf(deployment(), { director: "ipvs", clients });

test("the deployment's client asks where it may, else another machine that may, but not the director", () => {
  expect(asker()).toBe("vm-1");
  expect(asker(["192.168.139.0/24"])).toBe("vm-1");
  expect(asker(["192.168.139.29/32", "192.168.139.185/32"])).toBe("d3");
  expect(asker(["10.8.0.0/16"])).toBeUndefined();
  expect(asker(["fd00::/8"])).toBeUndefined();
});
