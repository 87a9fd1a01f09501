import { bench, benchHelp } from "../../cli/bench";

// In this folder of sources there is no program of the benches, as in an app that has the package.
test("where there are no benches, the error says where they are, and completion has no words of them", async () => {
  await expect(bench(["planes"])).rejects.toMatchObject({
    message: "the benches are not part of the package",
    cure: "clone the repository, and type there: npm run bench",
  });
  expect(await benchHelp()).toBe("");
});
