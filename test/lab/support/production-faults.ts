import execa from "execa";
import { makeSecret } from "../../../cli/secrets/maker";
import { readSecrets, writeSecrets } from "../../../cli/secrets/store";
import {
  ALIVE,
  FAILED,
  Fault,
  FaultScene,
  Server,
  SERVERS,
  WEB_NAMES,
  isWhole,
  untilAnotherLeads,
  untilNoneLeads,
} from "./fault-scene";
import { eventually, MINUTES } from "./waiting";
import { realServersOf } from "./director";

const DAY_MS = 24 * 3600_000;

/** One of three: the two others choose one of themselves. */
export const leaderCut: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  scene.end = () => scene.lab.lab("heal", leader);
  await scene.lab.lab("network-cut", leader);
  await untilAnotherLeads(scene, others[0], leader);
};

/** No server can be chosen, so the catalog stands still. */
export const twoServersCut: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  const cut = [leader, others[0]];
  scene.end = () => Promise.all(cut.map((name) => scene.lab.lab("heal", name)));
  await Promise.all(cut.map((name) => scene.lab.lab("network-cut", name)));
  await untilNoneLeads(scene, others[1]);
  await untilNoneLeads(scene, "director");
};

/** Two of five, with the one that leads: the three others choose one of themselves, and go on writing. */
export const twoOfFiveCut: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  const cut = [leader, others[0]];
  scene.end = () => Promise.all(cut.map((name) => scene.lab.lab("heal", name)));
  await Promise.all(cut.map((name) => scene.lab.lab("network-cut", name)));
  await untilAnotherLeads(scene, others[1], leader);
  await eventually(async () => {
    await scene.consul(others[1], "kv/lab/majority", { at: Date.now() });
  }, 2 * MINUTES);
};

/** Three of five: no server can be chosen. */
export const threeOfFiveCut: Fault = async (scene) => {
  const [first, second, third, fourth] = scene.servers;
  if (fourth === undefined) throw new Error("this fault needs five servers");
  const cut = [first, second, third];
  scene.end = () => Promise.all(cut.map((name) => scene.lab.lab("heal", name ?? "")));
  await Promise.all(cut.map((name) => scene.lab.lab("network-cut", name ?? "")));
  await untilNoneLeads(scene, fourth);
  await untilNoneLeads(scene, "director");
};

export const leaderFrozen: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  scene.end = () => scene.lab.lab("thaw", leader);
  await scene.lab.lab("freeze", leader);
  const frozen = Date.now();
  await untilAnotherLeads(scene, others[0], leader);
  // The freeze itself is what is tested, so it has to last.
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, frozen + MINUTES - Date.now())));
};

/** Two and one: the leader is alone, and every other machine hears both sides. */
export const leaderApart: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  await dropPackets(scene, [leader], others);
  await untilAnotherLeads(scene, others[0], leader);
  await untilNoneLeads(scene, leader);
};

/** Two and one: the majority hears only itself, and takes the web servers for dead; director and web servers are with the third. */
export const majorityApart: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  const apart = [leader, ...scene.agents.filter((name) => !(scene.servers as readonly string[]).includes(name))];
  await dropPackets(scene, apart, others);
  await untilNoneLeads(scene, "director");
  await eventually(async () => {
    const members = await scene.members(others[0]);
    for (const name of WEB_NAMES) expect(members[name]).toBe(FAILED);
  }, 2 * MINUTES);
};

async function dropPackets(scene: FaultScene, machines: readonly string[], from: readonly Server[]): Promise<void> {
  const rules = from.flatMap((name) => [
    `iptables -A vipstack-fault-in -s ${SERVERS[name]} -j DROP`,
    `iptables -A vipstack-fault-out -d ${SERVERS[name]} -j DROP`,
  ]);
  const chains = [
    "iptables -N vipstack-fault-in; iptables -N vipstack-fault-out",
    ...rules,
    "iptables -I INPUT -j vipstack-fault-in; iptables -I OUTPUT -j vipstack-fault-out",
  ];
  scene.end = () => hearAgain(scene, machines);
  await Promise.all(machines.map((machine) => scene.lab.on(machine, chains.join("\n"))));
}

async function hearAgain(scene: FaultScene, machines: readonly string[]): Promise<void> {
  const script = `for way in in out; do
  chain=$(echo $way | tr a-z A-Z)PUT
  iptables -D $chain -j vipstack-fault-$way; iptables -F vipstack-fault-$way; iptables -X vipstack-fault-$way
done`;
  await Promise.all(machines.map((machine) => scene.lab.on(machine, script)));
}

/** Not one byte is left on the leader's disk, and the cluster's data grows by 12 MB. */
export const diskFull: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  scene.end = () => scene.lab.on(leader, "rm --recursive /full");
  const free = await scene.lab.on(
    leader,
    `mkdir /full; number=0
for size in 256M 16M 1M 64K 4K; do
  while fallocate --length $size /full/$number 2>/dev/null; do number=$((number + 1)); done
  rm --force /full/$number
done
df --output=avail /var/lib/consul | tail -n 1`,
  );
  expect(Number(free)).toBe(0);
  await eventually(async () => {
    await writeKeys(scene, others[0]);
  }, 3 * MINUTES);
};

/** Keys of 400 kB, each of which has to be answered. */
async function writeKeys(scene: FaultScene, machine: Server): Promise<void> {
  await scene.lab.on(
    machine,
    `umask 077; cd /run; head --bytes 300000 /dev/urandom | base64 --wrap 0 > filler
printf 'header = "X-Consul-Token: %s"\\n' "$(cat /etc/vipstack/secrets/consul-tokens/management)" > filler.curl
for key in $(seq 30); do
  curl --config filler.curl --silent --show-error --fail --max-time 20 --request PUT --data-binary @filler http://127.0.0.1:8500/v1/kv/lab/$key
done
rm filler filler.curl`,
  );
}

/** The leader is an hour ahead, and the director an hour behind. */
export const clocksWrong: Fault = async (scene) => {
  const { leader, others } = await scene.roles();
  scene.end = async () => {
    await moveClock(scene, leader, -3600);
    await moveClock(scene, "director", 3600);
  };
  await moveClock(scene, leader, 3600);
  await moveClock(scene, "director", -3600);
  // New connections, with certificates that each looks at by its own clock.
  await scene.lab.on("director", "systemctl restart consul");
  await scene.lab.on(leader, "systemctl restart consul");
  await eventually(async () => {
    expect(Object.values(await scene.members("director"))).toEqual(scene.agents.map(() => ALIVE));
    for (const machine of ["director", others[0]]) expect(scene.servers).toContain(await scene.leaderBy(machine));
  }, 2 * MINUTES);
};

async function moveClock(scene: FaultScene, machine: string, seconds: number): Promise<void> {
  const moved = await scene.lab.on(
    machine,
    `before=$(date +%s); date --set "@$((before + ${seconds}))" >/dev/null; sleep 1; echo $(($(date +%s) - before))`,
  );
  expect(Math.abs(Number(moved) - seconds)).toBeLessThan(30);
}

/** All end on the same day, since all were made on one; every agent is started again afterwards, and can't reach any other. */
export const certificatesEnded: Fault = async (scene) => {
  const { stateFolder } = scene.lab.description;
  const variable = (machine: string): string => `machines_consul_certificate_${machine}`;
  const kept = { ...readSecrets(stateFolder) };
  scene.end = async () => {
    await scene.lab.vipstack(["secrets", "rotate", ...scene.agents.map(variable)]);
    await scene.up();
  };
  for (const machine of scene.agents) {
    const secret = kept[variable(machine)];
    if (secret?.recipe.kind !== "certificate") throw new Error(`no certificate of ${machine}`);
    const { recipe } = secret;
    const ended = makeSecret(recipe, kept[recipe.authority], Date.now() - (recipe.days + 1) * DAY_MS);
    kept[variable(machine)] = { ...secret, ...ended };
    await scene.lab.on(
      machine,
      `cat > /etc/vipstack/secrets/consul/agent.pem <<'PEM'\n${ended.value.trimEnd()}\nPEM\nsystemctl reload consul`,
    );
  }
  writeSecrets(stateFolder, kept);
  await Promise.all(scene.agents.map((machine) => scene.lab.on(machine, "systemctl restart consul")));
  for (const machine of ["director", ...scene.servers]) await untilNoneLeads(scene, machine);
  expect((await scene.lab.vipstack(["doctor"])).output).toMatch(
    /certificate machines_consul_certificate_server1 ended \d+ hours ago: npx vipstack secrets rotate machines_consul_certificate_server1,/,
  );
};

/** One agent after the other, each when the one before is back. @param before done on a machine before its agent's restart */
export function rollingRestart(before?: (scene: FaultScene, machine: string) => Promise<unknown>): Fault {
  return async (scene) => {
    for (const machine of scene.agents) {
      await before?.(scene, machine);
      await scene.lab.on(machine, "systemctl restart consul");
      await eventually(() => isWhole(scene), 3 * MINUTES);
    }
  };
}

/** {@link rollingRestart}, each agent with another file of its program. */
export function rollingReplacement(file: string): Fault {
  const replace = rollingRestart((scene, machine) => scene.lab.replace(machine, "/usr/local/bin/consul", file));
  return async (scene) => {
    await replace(scene);
    const { stdout: sum } = await execa("sha256sum", [file]);
    for (const machine of scene.agents) {
      const running = await scene.lab.on(
        machine,
        'sha256sum "/proc/$(systemctl show --property MainPID --value consul)/exe"',
      );
      expect(running.split(" ")[0]).toBe(sum.split(" ")[0]);
    }
    console.info(`${(await scene.lab.on("director", "consul version")).split("\n")[0] ?? ""} runs everywhere`);
  };
}

/** The path itself: half of the new connections go there until Consul knows. */
export const webServerOff: Fault = async (scene) => {
  scene.end = () => scene.lab.lab("power-on", "web2");
  await scene.lab.lab("power-cut", "web2");
  await eventually(async () => {
    expect(await realServersOf(scene.lab, "director")).toEqual(scene.realServers.slice(0, 1));
  }, 3 * MINUTES);
};

/** Every machine but that of the clients. */
export const allOff: Fault = async (scene) => {
  scene.end = () => Promise.all(scene.agents.map((machine) => scene.lab.lab("power-on", machine)));
  await Promise.all(scene.agents.map((machine) => scene.lab.lab("power-cut", machine)));
};
