import { directorTable, TableServer, TableService } from "../../director-table";
import { Cause } from "../cause";
import { Evidence } from "../finding";
import { Facts } from "../look";
import { FixedServer, hostOf, Scene } from "../scene";
import { healthCommand, healthyInstances, isHealthyInstance } from "./consul";
import { JOURNAL, literally, onDirector, TABLE } from "./commands";

const MODULES = "cat /proc/modules";
const UNITS = "systemctl is-active vipstack-ipvs.service vipstack-ipvs-watch.service vipstack-consul-template.service";

/** The director's kernel can't load IPVS or the scheduler, so it can't have the virtual service. */
export const MODULE_MISSING: Cause = {
  name: "module-missing",
  looks: (scene) =>
    scene.hasTable ? onDirector(scene, TABLE, MODULES, JOURNAL, ...modulesOf(scene).map(showDepends)) : [],
  decide: (scene, facts) => {
    const { director, endpoint } = scene;
    if (!scene.hasTable || !facts.reached(director) || tableOf(scene, facts) !== undefined) return undefined;
    const missing = modulesOf(scene).filter((module) => cannotLoad(facts, director, module));
    const [first] = missing;
    if (first === undefined) return undefined;
    return {
      cause: `the kernel of ${director} can't load ${missing.join(" and ")}, so ${endpoint} is not in its IPVS table`,
      evidence: [
        facts.evidence(director, showDepends(first), /^install |FATAL|not found/),
        facts.evidence(director, JOURNAL, /scheduler|module|protocol not available|ipvs/i, 3),
      ],
      cure: [
        `on ${director}: grep -rE '(install|blacklist) ${first}' /etc/modprobe.d   (such a line forbids the module); then modprobe ${first}`,
        `if the kernel has no such module, use one that has it, for example Debian's linux-image-amd64`,
        `on ${director}: systemctl reload-or-restart vipstack-ipvs`,
      ],
    };
  },
  explains: ["rules-missing"],
};

/** The director's IPVS table lacks the virtual service, or a real server that the program lists. */
export const RULES_MISSING: Cause = {
  name: "rules-missing",
  looks: (scene) => (scene.hasTable ? onDirector(scene, TABLE, JOURNAL) : []),
  decide: (scene, facts) => {
    const { director, endpoint } = scene;
    if (!scene.hasTable || !facts.knows(director, TABLE)) return undefined;
    const table = tableOf(scene, facts);
    const lost = scene.active.filter((server) => !table?.servers.some((one) => isEntryOf(scene, one, server)));
    if (table !== undefined && lost.length === 0) return undefined;
    const what = table === undefined ? endpoint : `${targetsOf(scene, lost)} of ${endpoint}`;
    return {
      cause: `${what} is in the program but not in the IPVS table of ${director}`,
      evidence: [facts.evidence(director, TABLE), facts.evidence(director, JOURNAL)],
      cure: [
        `on ${director}: systemctl reload-or-restart vipstack-ipvs   (its journal names a line that it can't apply)`,
      ],
    };
  },
};

/** The table still has a real server that is no longer in the program, or no longer healthy in Consul. */
export const STALE_REAL_SERVER: Cause = {
  name: "stale-real-server",
  looks: (scene) => (scene.hasTable ? onDirector(scene, TABLE, UNITS) : []),
  decide: (scene, facts) => {
    const { director, endpoint, follows } = scene;
    const table = tableOf(scene, facts);
    const expected = follows === undefined ? undefined : healthyInstances(scene, facts);
    if (table === undefined || (follows !== undefined && expected === undefined)) return undefined;
    // One that drains has weight 0.
    const stale = table.servers
      .filter(({ weight }) => weight > 0)
      .filter((one) =>
        expected === undefined
          ? !scene.active.some((server) => isEntryOf(scene, one, server))
          : isHealthyInstance(scene, facts, one.address) === false,
      )
      .map(({ address }) => address);
    if (stale.length === 0) return undefined;
    const where = follows === undefined ? "is not in the program" : `is no healthy instance of ${follows} in Consul`;
    return {
      cause: `${stale.join(" and ")} ${where}, and ${director} still sends requests for ${endpoint} there`,
      evidence: [
        tableEvidence(scene, facts, stale),
        facts.evidence(director, UNITS),
        ...(follows === undefined ? [] : [healthEvidence(scene, expected ?? [])]),
      ],
      cure: [
        ...(follows === undefined ? [] : [`on ${director}: systemctl restart vipstack-consul-template`]),
        `on ${director}: systemctl restart vipstack-ipvs-watch.service; then systemctl reload-or-restart vipstack-ipvs`,
        "a real server that a change has removed a few seconds ago leaves by itself: ask again",
      ],
    };
  },
};

/** The virtual service in the director's table; undefined if it is not there. */
function tableOf(scene: Scene, facts: Facts): TableService | undefined {
  const { director, service, protocol, endpoint } = scene;
  const [kind, address] =
    service.mark === undefined ? [protocol.toUpperCase(), endpoint] : ["FWM", String(service.mark)];
  const table = directorTable(facts.lines(director, TABLE).join("\n"), "", "", 0);
  return table.find((one) => one.protocol === kind && one.address === address);
}

/** Whether an entry of the table is that of a real server. With a firewall mark, or port 0, the port is the one that the client asked for. */
function isEntryOf(scene: Scene, { address }: TableServer, server: FixedServer): boolean {
  const target = scene.target(server);
  const anyPort = scene.service.mark !== undefined || scene.port === 0;
  return anyPort ? hostOf(address) === hostOf(target) : address === target;
}

function targetsOf(scene: Scene, servers: readonly FixedServer[]): string {
  return servers.map((server) => scene.target(server)).join(" and ");
}

function tableEvidence({ director, endpoint }: Scene, facts: Facts, stale: readonly string[]): Evidence {
  return facts.evidence(director, TABLE, new RegExp(`(?:${[endpoint, ...stale].map(literally).join("|")}) `));
}

function healthEvidence(scene: Scene, healthy: readonly string[]): Evidence {
  const lines = healthy.length > 0 ? healthy.map((address) => `healthy: ${address}`) : ["(no healthy instance)"];
  return { machine: scene.director, command: healthCommand(scene), lines };
}

function modulesOf({ scheduler }: Scene): readonly string[] {
  return ["ip_vs", `ip_vs_${scheduler}`];
}

function showDepends(module: string): string {
  return `modprobe --show-depends ${module}`;
}

/** Whether a module is not loaded, and modprobe finds no file of it or is told to run something else. */
function cannotLoad(facts: Facts, machine: string, module: string): boolean {
  if (facts.has(machine, MODULES, new RegExp(`^${module} `))) return false;
  const found = facts.output(machine, showDepends(module));
  return found !== undefined && (found.exitCode !== 0 || found.lines.some((line) => line.startsWith("install ")));
}
