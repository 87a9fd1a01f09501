import { ConvergenceBudget } from "../../constructs/lvs";

test("a budget is the sum of its hops, each from the property that makes it", () => {
  const budget = new ConvergenceBudget({
    checkInterval: "5s",
    checkTimeout: "2s",
    templateWait: "500ms",
    keeperPeriod: "3s",
    shutdownDelay: "10s",
    killTimeout: "20s",
    drainTimeout: "60s",
  });
  expect(budget.scaleOut.map(({ worst }) => worst)).toEqual(["7s", "500ms", "2s", "3s"]);
  expect(budget.scaleIn.map(({ worst }) => worst)).toEqual(["500ms", "2s", "3s"]);
  expect(budget).toMatchObject({ lag: "5.5s", sufficient: true, leastShutdownDelay: "6s", openConnections: "30s" });
  expect(budget.failures("shutdownDelay", "10s")).toEqual([]);
});

test("a shutdown delay below the lag is a failure, and the table says so", () => {
  const budget = new ConvergenceBudget({ shutdownDelay: "5s" });
  expect(budget.failures("shutdownDelay", "5s")).toEqual([
    {
      property: "shutdownDelay",
      rule: "must be at least the 9.5s that a director needs to notice it, or requests go to an instance that is gone",
      got: "5s",
      cure: "use '10s' or more",
    },
  ]);
  expect(budget.table("web")).toContain("shutdown delay 5s against 9.5s: TOO SHORT: use 10s or more\n");
});

test("the longest wait of the template counts, for a rolling update changes the catalog again and again", () => {
  expect(new ConvergenceBudget({ templateWait: "2s" }).lag).toBe("13.5s");
  expect(new ConvergenceBudget({ templateWait: "2s", templateWaitMax: "3s" }).lag).toBe("8.5s");
});

test("open connections end with the director's drain, where that is sooner", () => {
  const budget = new ConvergenceBudget({ shutdownDelay: "2m", killTimeout: "30s", drainTimeout: "10s" });
  expect(budget.openConnections).toBe("19.5s");
});
