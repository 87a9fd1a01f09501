/* global document, fetch, DOMParser, EventSource */
// Writes what `vipstack view` sends into the page. Texts are set as text only, so that no name becomes HTML.
const byId = (id) => document.getElementById(id);
const MOODS = ["good", "warn", "bad"];

let drawn = 0;
let newest = 0;
let marks = {};

/** A new picture; its marks are written again, since those that came while it was fetched found the old one. */
async function draw(number) {
  drawn = number;
  const answer = await fetch("topology.svg").catch(() => undefined);
  // The next state draws it.
  if (answer === undefined) return void (drawn = 0);
  const picture = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  byId("picture").style.setProperty("--natural", `${picture.getAttribute("width")}px`);
  byId("picture").replaceChildren(document.importNode(picture, true));
  writeMarks();
}

function writeMarks() {
  for (const [id, { text, mood }] of Object.entries(marks)) {
    const part = byId(id);
    if (part === null) continue;
    part.classList.remove(...MOODS);
    if (mood !== "") part.classList.add(mood);
    const place = part.querySelector(":scope > .state, :scope > .live");
    if (place !== null) write(place, text);
  }
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

/** A cell with a second, smaller line. */
function cell(text, more = "", className = "") {
  const made = element("td", text, className);
  if (more !== "") made.append(element("small", more));
  return made;
}

function rows(id, all) {
  const made = all.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  });
  byId(id).replaceChildren(...made);
}

function writeSummary({ machines, servers, checks = [] }) {
  const perSecond = servers.reduce((sum, { numbers }) => sum + (numbers?.perSecond ?? 0), 0);
  const well = machines.filter(({ mood }) => mood === "good").length;
  const critical = checks.filter(({ mood }) => mood === "bad").length;
  const draining = servers.filter(({ numbers }) => numbers?.drainSeconds !== undefined).length;
  const drain = `${draining} real ${draining === 1 ? "server drains" : "servers drain"}`;
  byId("summary").replaceChildren(
    element("li", `${perSecond} connections per second`),
    element("li", `${well} of ${machines.length} machines on`, well === machines.length ? "good" : "bad"),
    ...(critical > 0 ? [element("li", `${critical} ${critical === 1 ? "check" : "checks"} critical`, "bad")] : []),
    ...(draining > 0 ? [element("li", drain, "warn")] : []),
  );
}

function writeServers(servers) {
  rows(
    "servers",
    servers.map(({ machine, address, endpoint, director, numbers }) => {
      const drains = numbers?.drainSeconds === undefined ? "" : `drains, ${numbers.drainSeconds} s left`;
      return [
        cell(machine ?? address, machine === undefined ? "" : address),
        cell(numbers?.perSecond ?? "–", "", "number"),
        cell(numbers?.weight ?? "–", drains, numbers?.weight === 0 ? "number warn" : "number"),
        cell(numbers?.open ?? "–", "", "number"),
        cell(endpoint, `on ${director}`),
      ];
    }),
  );
}

function writeMachines(machines) {
  rows(
    "machines",
    machines.map(({ name, addresses, state, mood, up, roles }) => [
      cell(name, addresses.join(", ")),
      cell(state, "", mood),
      cell(up, "", "number"),
      cell(roles.join(", "), "", "words"),
    ]),
  );
}

function writeHealth({ checks = [], instances = [] }) {
  byId("health-section").hidden = checks.length + instances.length === 0;
  rows("health", [
    ...instances.map(({ job, machine, ports, health, mood }) => [
      cell(`job ${job}`),
      cell(machine),
      cell(health, "", mood),
      cell(ports, "", "words"),
    ]),
    ...checks.map(({ node, service, check, status, mood }) => [
      cell(service === "" ? "node" : service),
      cell(node),
      cell(status, "", mood),
      cell(check, "", "words"),
    ]),
  ]);
}

/** Only what is new is added, so that a screen reader says that alone. */
function writeChanges(changes) {
  byId("quiet").hidden = changes.length > 0;
  byId("changes").hidden = changes.length === 0;
  const kept = new Set(changes.map(({ number }) => String(number)));
  for (const item of [...byId("changes").children]) if (!kept.has(item.dataset.number)) item.remove();
  for (const { number, time, text, mood } of [...changes].reverse()) {
    if (number <= newest) continue;
    newest = number;
    const when = element("time", clock(time));
    when.dateTime = time;
    const item = document.createElement("li");
    item.dataset.number = String(number);
    item.append(when, element("span", text, mood));
    byId("changes").prepend(item);
  }
}

function writeProblems(problems) {
  byId("problems").hidden = problems.length === 0;
  const texts = problems.join("\n");
  if (byId("problems").dataset.texts === texts) return;
  byId("problems").dataset.texts = texts;
  byId("problems").replaceChildren(...problems.map((problem) => element("li", problem)));
}

function clock(time) {
  return new Date(time).toLocaleTimeString("en-GB");
}

const source = new EventSource("events");
source.onopen = () => {
  write(byId("connection"), "live");
  // It may be another run of the command, which counts from the beginning.
  [drawn, newest] = [0, 0];
  byId("changes").replaceChildren();
};
source.onerror = () => write(byId("connection"), "vipstack view has ended, or does not answer");
source.onmessage = ({ data }) => {
  const state = JSON.parse(data);
  marks = state.marks;
  document.title = `${state.name} – vipstack view`;
  write(byId("name"), state.name);
  write(byId("looked"), `last look ${clock(state.time)}`);
  if (state.drawn === drawn) writeMarks();
  else void draw(state.drawn);
  writeSummary(state);
  writeProblems(state.problems);
  writeServers(state.servers);
  writeMachines(state.machines);
  writeHealth(state);
  writeChanges(state.changes);
};
