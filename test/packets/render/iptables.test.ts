import fc from "fast-check";
import { chainName } from "../../../constructs/packets/render/iptables";

test("chain names: what fits stays readable, all fit, none are shared", () => {
  expect(chainName("web")).toBe("VIPSTACK-web");
  expect(chainName("OUTPUT")).toBe("VIPSTACK-OUTPUT.5dbf351336");
  expect(chainName("a service with a long name")).toMatch(/^VIPSTACK-a_servic\.[0-9a-f]{10}$/);
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
      expect(chainName(one)).toMatch(/^[A-Za-z0-9._-]{1,28}$/);
      return one === other || chainName(one) !== chainName(other);
    }),
  );
});
