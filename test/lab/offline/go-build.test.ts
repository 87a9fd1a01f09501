import { buildWords, goEnvironment, goProblem, GoProgress } from "../../../lab/offline/go-build";

test("a build takes nothing from where it runs", () => {
  const words = buildWords({ sha256: "", go: "1.26.8", packages: [], variables: { "a/b.C": "v1" } });
  expect(words.join(" ")).toBe("-mod=readonly -trimpath -buildvcs=false -ldflags -s -w -buildid= -X a/b.C=v1");
  const environment = goEnvironment({ GOFLAGS: "-race", GOPROXY: "http://here", GOEXPERIMENT: "x" }, "1.26.8", "/work");
  expect(environment).toMatchObject({ GOTOOLCHAIN: "go1.26.8", GOFLAGS: "", GOEXPERIMENT: "", CGO_ENABLED: "0" });
  expect(environment.GOPROXY).toBe("http://here");
});

test("a host without Go, or with an old one, gets an error with a cure", () => {
  expect(goProblem("go version go1.26.8 linux/amd64", "consul")).toBeUndefined();
  expect(goProblem("go version go1.21.0 linux/amd64", "consul")).toBeUndefined();
  expect(goProblem(undefined, "consul")?.message).toBe("the lab builds consul from source, and Go is not installed");
  expect(goProblem("go version go1.19.8 linux/amd64", "consul")).toMatchObject({
    message: "the lab builds consul from source, and the Go here is too old (go version go1.19.8 linux/amd64)",
    cure: expect.stringContaining("install Go 1.21 or newer") as string,
  });
});

test("progress counts what go prints, and keeps its complaints", () => {
  const progress = new GoProgress("consul 1.14.11");
  progress.read("go: downloading example.org/a v1.0.0\ngo: downloading exam");
  expect(progress.line(Date.now())).toBe("consul 1.14.11: 1 modules fetched, 0:00 (example.org/a v1.0.0)");
  progress.read("ple.org/b v1.0.0\n");
  progress.expect(200);
  progress.read("net/http\nexample.org/a/v2\n# example.org/a\na.go:1:2: undefined: b\n");
  expect(progress.line(Date.now() + 83_000)).toMatch(
    /^consul 1.14.11: 2 of at most 200 packages compiled, 1:23 \(example.org\/a\/v2\)$/,
  );
  expect(progress.percent()).toBe(1);
  expect(progress.errors()).toEqual(["a.go:1:2: undefined: b"]);
});
