import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countLines, curlTimes } from "./support/answers";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { SshHosts } from "./support/ssh-hosts";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

const machines = ["client", "director", "web"];
const hosts = new SshHosts("10.88.0.0/24", { client: "10.88.0.10", director: "10.88.0.20", web: "10.88.0.30" });
const environment = { SSH_CONFIG: hosts.sshConfig };
// The same program twice, in two labs side by side: names and addresses are equal, so the machines can be, too.
const byUserData = new LabDeployment("existing-hosts");
const byScript = new LabDeployment("existing-hosts");

const OWN_CADDYFILE = `set -eu
mv /etc/caddy/Caddyfile /srv/own-caddyfile
chown www-data:caddy /srv/own-caddyfile
chmod 0640 /srv/own-caddyfile
ln -s /srv/own-caddyfile /etc/caddy/Caddyfile`;

/** What a machine is, by section. */
type State = Record<string, string>;
const stateScript = readFileSync(join(__dirname, "support", "ssh-hosts-state.sh"), "utf8");
const stateOf = async (host: string): Promise<State> => sections(await hosts.run(host, stateScript));
const script = (name: string): string => byScript.file(`machines/${name}`);

const bare: Record<string, State> = {};
let seconds = 0;

beforeAll(async () => {
  await Promise.all([byUserData.up(), hosts.start()]);
  // Something that the script takes over: the distribution's web server with its own file, here a link to one of another owner.
  await hosts.run("web", `${OWN_CADDYFILE}\nsystemctl enable --quiet --now caddy.service`);
  for (const machine of machines) bare[machine] = await stateOf(machine);
  const started = Date.now();
  await byScript.up(environment);
  seconds = secondsSince(started);
}, 2 * BOOT);
afterAll(async () => {
  try {
    await byScript.down();
  } finally {
    await Promise.all([byUserData.down(), hosts.stop()]);
  }
}, BOOT);

test.each(machines)(
  "user-data and script lead to the same machine: %s",
  async (machine) => {
    const made = await stateOf(machine);
    expect(made).toEqual(sections(await byUserData.on(machine, stateScript)));
    console.log(`${machine}: equal in ${Object.keys(made).join(", ")}; the three hosts were prepared in ${seconds} s`);
  },
  3 * MINUTES,
);

test("every service of the hosts answers, by each forwarding method", async () => {
  const ask = async (url: string): Promise<Record<string, number>> =>
    countLines(await hosts.run("client", curlTimes(4, url)));
  expect(await ask("http://10.88.0.20/")).toEqual({ "web:80": 2, "web:81": 2 });
  expect(await ask("http://10.88.0.101/")).toEqual({ "web:80": 4 });
  expect(await ask("http://10.88.0.102:81/")).toEqual({ "web:81": 4 });
});

test.each(machines)(
  "running the script again changes nothing: %s",
  async (machine) => {
    const before = await stateOf(machine);
    expect(await hosts.run(machine, script(`${machine}/setup.sh`))).not.toMatch(/^wrote/m);
    expect(await stateOf(machine)).toEqual(before);
  },
  3 * MINUTES,
);

test(
  "a second up changes nothing and says so",
  async () => {
    expect(await byScript.up(environment)).toMatch(NOTHING_TO_CHANGE);
  },
  BOOT,
);

test(
  "a new weight is a push only",
  async () => {
    const before = await stateOf("director");
    const started = Date.now();
    await byScript.up({ ...environment, WEIGHT: "3" });
    console.log(`a weight change over ssh took ${secondsSince(started)} s`);
    expect(byScript.deployLog()).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
    expect(byScript.deployLog()).toMatch(/terraform_data\.director_live \(director\/live\): Creation complete/);
    const after = await stateOf("director");
    expect(Object.keys(after).filter((section) => after[section] !== before[section])).toEqual(["texts", "ipvs"]);
    expect(after.ipvs).toContain("-a -t 10.88.0.20:80 -r 10.88.0.30:80 -m -w 3");
  },
  BOOT,
);

test(
  "a host is the same after a power cut",
  async () => {
    const before = await stateOf("director");
    await hosts.lab("power-cut", "director");
    await hosts.lab("power-on", "director");
    await eventually(async () => {
      expect(await stateOf("director")).toEqual(before);
    }, 2 * MINUTES);
  },
  BOOT,
);

test(
  "down takes everything back but packages, and what was there before is there again",
  async () => {
    const [setup, teardown] = [script("web/setup.sh"), script("web/teardown.sh")];
    await byScript.down();
    // And a host where the web server was not in use before.
    // One that does not know its own name: it does while it is prepared.
    const nameless = "sed -i '/^# names/,/^# end/d' /etc/hosts; ! getent hosts $(hostname)";
    await hosts.run("client", nameless);
    const hostsFile = await hosts.run("client", "cat /etc/hosts");
    await hosts.run("client", setup);
    expect(await hosts.run("client", "getent hosts $(hostname); hostname -f; sudo true")).toMatch(
      /^10\.88\.0\.30 +client\nclient$/,
    );
    await hosts.run("client", teardown);
    expect(await hosts.run("client", "cat /etc/hosts")).toBe(hostsFile);
    // Kernel settings and modules last until the next boot.
    await Promise.all(machines.map((machine) => hosts.lab("reboot", machine)));
    for (const machine of ["client", "web"]) expect(await stateOf(machine)).toEqual(bare[machine]);
    expect(bare.web?.links).toContain("/etc/caddy/Caddyfile -> /srv/own-caddyfile");
    expect(await hosts.run("web", "stat -c '%a %U:%G' /srv/own-caddyfile")).toBe("640 www-data:caddy");
    // Here ipvsadm stays, with the files that it brought.
    const [before, after] = [bare.director, await stateOf("director")];
    const changed = Object.keys(after).filter((section) => after[section] !== before?.[section]);
    expect(changed.sort()).toEqual(["files", "links", "packages", "packages asked for", "texts"]);
    expect(JSON.stringify(after)).not.toMatch(/vipstack/);
  },
  BOOT,
);

/** The text after each `### NAME`. */
function sections(text: string): State {
  const parts = text.split(/^### /m).slice(1);
  return Object.fromEntries(
    parts.map((part) => {
      const [name = "", ...lines] = part.split("\n");
      return [name, lines.join("\n").trim()];
    }),
  );
}
