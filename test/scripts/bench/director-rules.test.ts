import { withRulesAside } from "../../../scripts/bench/director-rules";
import { Measurement, Step } from "../../../scripts/bench/guest";

const MEASUREMENT: Measurement = { milliseconds: 1, cpuMilliseconds: 1, output: "" };

/** Notes the steps; `fails` are those that fail, by their number. */
class Director {
  readonly steps: Step[] = [];
  constructor(private readonly fails: readonly number[] = []) {}

  measure(step: Step): Promise<Measurement> {
    this.steps.push(step);
    const number = this.steps.length;
    return this.fails.includes(number) ? Promise.reject(new Error(`step ${number}`)) : Promise.resolve(MEASUREMENT);
  }
}

/** Both planes get their files back, apply them, and are watched again; then the copy can go. */
function restores(director: Director): boolean {
  const { prepare, run } = director.steps.at(-1) ?? { prepare: "", run: "" };
  return (
    ["ipvs.d/static.rules", "iptables.d/director.v4"].every((file) =>
      prepare.includes(`cp -a /run/vipstack-bench/etc/${file} /etc/vipstack/${file}`),
    ) &&
    /reload vipstack-ipvs\..*start vipstack-ipvs-watch\..*reload vipstack-iptables\..*start vipstack-iptables-watch\..*rm -r /.test(
      run,
    )
  );
}

test("the director has its own rules again afterwards", async () => {
  const director = new Director();
  expect(await withRulesAside(director, () => Promise.resolve(7))).toBe(7);
  expect(restores(director)).toBe(true);
});

test("also where the work fails: that is the error", async () => {
  const director = new Director();
  await expect(withRulesAside(director, () => Promise.reject(new Error("no answer")))).rejects.toThrow(/^no answer$/);
  expect(restores(director)).toBe(true);
});

test("also where the rules could only be put aside in part", async () => {
  const director = new Director([1]);
  await expect(withRulesAside(director, () => Promise.resolve(7))).rejects.toThrow("step 1");
  expect(restores(director)).toBe(true);
});

test("rules that could not be applied again are told, and where they are", async () => {
  await expect(withRulesAside(new Director([2]), () => Promise.reject(new Error("no answer")))).rejects.toThrow(
    /no answer\n.*step 2\nthe director does not have its own rules again: they are in \/run\/vipstack-bench\/etc/,
  );
});
