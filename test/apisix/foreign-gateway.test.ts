import { route } from "./support/builds";
import { refusalOf } from "./support/gateway";

test("a gateway has the secrets that it was given, and is of a known release", () => {
  expect(refusalOf((_, gateway) => gateway.secret("JOHN_KEY"), { secrets: ["JACK_KEY"] })).toMatch(
    /^test\/gateway: 'secrets' .* \(it has JACK_KEY\), got "JOHN_KEY": add JOHN_KEY, which the gateway has to have in its environment$/,
  );
  expect(refusalOf(route({}), { version: "3.9.0" })).toMatch(
    /^test\/gateway: 'version' must be 3\.16\.0 or newer: .*, got "3\.9\.0": write it like '3\.18\.0'$/,
  );
});
