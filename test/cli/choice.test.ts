import { Candidate, firstPossible, Supply } from "../../cli/choice";

const chain: Candidate = {
  title: "the chain",
  app: "node chain.js",
  software: ["nomad"],
  images: ["apache/apisix:3.18.0-debian"],
};
const job: Candidate = { title: "a job", app: "node job.js", software: ["nomad"] };
const web: Candidate = { title: "two web servers", app: "node web.js" };

const nomad = (available: boolean): Supply => ({
  name: "nomad",
  available,
  ...(available ? {} : { why: "no file was added", cure: "program add nomad FILE" }),
});
const apisix = (available: boolean): Supply => ({
  name: "apache/apisix:3.18.0-debian",
  available,
  ...(available ? {} : { why: "Docker Hub is not reached", cure: "image add apache/apisix:3.18.0-debian FILE" }),
});

test("the first one where everything can be had, without a word", () => {
  expect(firstPossible([chain, job, web], [nomad(true), apisix(true)])).toEqual({ app: "node chain.js" });
});

test("the first one that is possible, with what is left out, why, and what to type", () => {
  expect(firstPossible([chain, job, web], [nomad(true), apisix(false)])).toEqual({
    app: "node job.js",
    leftOut:
      "a job; left out is the chain, for want of apache/apisix:3.18.0-debian (Docker Hub is not reached). " +
      "To get it: npm run lab -- image add apache/apisix:3.18.0-debian FILE",
  });
  expect(firstPossible([chain, job, web], [nomad(false), apisix(false)])).toEqual({
    app: "node web.js",
    leftOut:
      "two web servers; left out is the chain, for want of nomad (no file was added), " +
      "apache/apisix:3.18.0-debian (Docker Hub is not reached). " +
      "To get it: npm run lab -- program add nomad FILE, then npm run lab -- image add apache/apisix:3.18.0-debian FILE",
  });
});

test("none is possible: an error with the reasons and the cures", () => {
  expect(() => firstPossible([chain, job], [nomad(false), apisix(true)])).toThrow(
    expect.objectContaining({
      message: "this machine has no nomad (no file was added)",
      cure: "get it: npm run lab -- program add nomad FILE",
    }),
  );
});
