import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PageStates } from "../../../cli/view/page-state";
import { ViewServer } from "../../../cli/view/server";
import { Chromium, describeWithChromium, Screen } from "./support/chromium";
import { chain, Recording, threeMachines } from "./support/recording";
import { topologyOf } from "./support/synthesized";

// The page in a browser, fed with recorded statuses. The screenshots stay, to be looked at.

const SCREENSHOTS = join(tmpdir(), "vipstack-view-screenshots");
/** A browser starts slowly on a busy machine. */
const PATIENCE = 300_000;
const SCREENS: Readonly<Record<string, Screen>> = {
  "1280 light": { width: 1280, height: 900, colours: "light" },
  "1280 dark": { width: 1280, height: 900, colours: "dark" },
  "390 light": { width: 390, height: 844, colours: "light" },
  "390 dark": { width: 390, height: 844, colours: "dark" },
};

/** The machines' states, as the table shows them. */
const STATES = `[...document.querySelectorAll("#machines td:nth-child(2)")].map((cell) => cell.textContent).join()`;

/** Texts of the picture that lie over each other, or leave the picture. */
const COLLISIONS = `(() => {
  const svg = document.querySelector("#picture svg");
  const all = [...svg.querySelectorAll("text")].filter((text) => text.textContent !== "")
    .map((text) => ({ text: text.textContent, box: text.getBBox() }));
  const wide = svg.viewBox.baseVal.width;
  const meet = (a, b) => a.x < b.x + b.width - 1 && b.x < a.x + a.width - 1 && a.y < b.y + b.height - 3 && b.y < a.y + a.height - 3;
  return [
    ...all.filter(({ box }) => box.x < 0 || box.x + box.width > wide).map(({ text }) => text + " leaves the picture"),
    ...all.flatMap((one, index) => all.slice(index + 1).filter((other) => meet(one.box, other.box)).map((other) => one.text + " / " + other.text)),
  ];
})()`;

/** Texts with a contrast below 4.5 (WCAG 2.1, 1.4.3); those of the picture lie on the paper or on a box. */
const FAINT = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (colour) => parts(colour).map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const paper = getComputedStyle(document.body).backgroundColor;
  const html = [...document.querySelectorAll("h1, h2, p, li, th, td, small, time, li span")]
    .map((part) => [part.textContent, contrast(getComputedStyle(part).color, paper)]);
  const box = getComputedStyle(document.querySelector("#picture .box rect")).fill;
  const drawn = [...document.querySelectorAll("#picture text")].flatMap((part) =>
    [paper, box].map((behind) => [part.textContent, contrast(getComputedStyle(part).fill, behind)]));
  return [...html, ...drawn].filter(([text, value]) => text !== "" && value < 4.5).map(([text, value]) => text + ": " + value.toFixed(2));
})()`;

const servers: ViewServer[] = [];

interface Shown {
  readonly recording: Recording;
  readonly address: string;
  readonly tell: (look: number) => void;
}

async function serve(recording: Recording): Promise<Shown> {
  const states = new PageStates();
  const server = new ViewServer({ picture: () => states.svg, watched: () => undefined });
  servers.push(server);
  const start = Date.parse("2026-01-05T10:00:00Z");
  const tell = (number: number): void => {
    const { status } = recording.looks[number]!;
    server.send(states.next(recording.topology, status, new Date(start + number * 10_000)));
  };
  return { recording, address: await server.listen(0), tell };
}

async function until(browser: Chromium, condition: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await browser.value<boolean>(condition))) {
    if (Date.now() > deadline) throw new Error(`never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describeWithChromium("the page of vipstack view in a browser", () => {
  let browser: Chromium;
  beforeAll(() => {
    browser = new Chromium();
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await browser.close();
  });

  test.each([
    ["three machines", "examples/three-machines/main.ts", threeMachines],
    ["the chain", "main.ts", chain],
  ] as const)(
    "%s: what happens is seen and can be read, on wide and narrow screens, light and dark",
    async (name, main, record) => {
      const recording = record(topologyOf(main));
      mkdirSync(SCREENSHOTS, { recursive: true });
      for (const [title, screen] of Object.entries(SCREENS)) {
        const { address, tell } = await serve(recording);
        tell(0);
        await browser.open(address, screen);
        await until(browser, `document.querySelector("#picture .live:not(:empty)") !== null`);
        for (const [number, { what, status }] of recording.looks.entries()) {
          if (number > 0) tell(number);
          const states = status.machines.map(({ state }) => state);
          const perSecond = status.directors[0]!.services[0]!.connectionsPerSecond;
          // Looks may differ in one of the two only.
          const summary = `document.getElementById("summary").textContent.includes("${perSecond} connections per second")`;
          await until(browser, `${STATES} === "${states.join()}" && ${summary}`);
          expect(await browser.value<string[]>(COLLISIONS)).toEqual([]);
          expect(await browser.value<string[]>(FAINT)).toEqual([]);
          // The page itself scrolls down only; wide parts scroll in themselves.
          expect(await browser.value<number>("document.documentElement.scrollWidth")).toBe(screen.width);
          writeFileSync(join(SCREENSHOTS, `${name} ${title} ${number} ${what}.png`), await browser.screenshot());
        }
        const changes = await browser.value<string>(`document.getElementById("changes").textContent`);
        expect(changes).toContain("→ off");
        expect(changes).toContain("it drains");
        expect(changes).toContain("weight 0 → 1");
      }
      expect(browser.thrown).toEqual([]);
    },
    PATIENCE,
  );

  test(
    "a name that is HTML stays text",
    async () => {
      const { topology, looks } = threeMachines(topologyOf("examples/three-machines/main.ts"));
      const [{ what, status }] = looks as [(typeof looks)[number]];
      const problems = ["<img src=x onerror=alert(1)>"];
      const { address, tell } = await serve({ topology, looks: [{ what, status: { ...status, problems } }] });
      tell(0);
      await browser.open(address, SCREENS["1280 light"]!);
      await until(browser, `document.getElementById("problems")?.textContent === ${JSON.stringify(problems[0])}`);
      expect(await browser.value<number>(`document.querySelectorAll("img").length`)).toBe(0);
    },
    PATIENCE,
  );

  test(
    "when the command has ended, the page says so",
    async () => {
      const { address, tell } = await serve(threeMachines(topologyOf("examples/three-machines/main.ts")));
      tell(0);
      await browser.open(address, SCREENS["1280 light"]!);
      await until(browser, `document.getElementById("connection")?.textContent === "live"`);
      servers.at(-1)!.close();
      await until(browser, `document.getElementById("connection").textContent.startsWith("vipstack view has ended")`);
      // What was last known stays.
      expect(await browser.value<string>(`document.getElementById("name").textContent`)).toBe("lab");
    },
    PATIENCE,
  );
});
