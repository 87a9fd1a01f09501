import { examinationOf, examinationText, examine, needsPackets } from "../../../cli/doctor/examination";
import { recorded, slow } from "./support/packets";
import { deployment, PAGE, sceneOf, TOPOLOGY, WEB } from "./support/scenes";
import { Change, changed, healthy, without } from "./support/seen";

const web = sceneOf(WEB);

test("one line for a service that answers", () => {
  const examination = examinationOf(web, changed(healthy(web)));
  expect(examination).toMatchObject({ service: WEB, client: "vm-1", director: "ipvs", findings: [] });
  expect(examination.requests).toEqual({ answered: 4, of: 4, slowestSeconds: 0.004 });
  expect(examinationText(examination)).toMatch(
    /^✔ tcp 192\.168\.139\.29:80 on ipvs: 4 of 4 requests of vm-1 were answered, the slowest after 0\.004 s\n {2}Nothing is wrong in what was looked at on vm-1 \(\d+\), ipvs \(\d+\), d2 \(\d+\), d3 \(\d+\)$/,
  );
});

test("a slow service without a cause is not called healthy", () => {
  const facts = changed(healthy(web), ["vm-1", /^curl/, ["200 0.001 1.2 0 | d2", "sent again: 0"]]);
  expect(examinationText(examinationOf(web, facts))).toMatch(
    /the slowest after 1\.200 s\n {2}It is slow, and nothing shows why in what was looked at on vm-1/,
  );
});

test("cause, evidence and cure for one that does not", () => {
  const changes: Change[] = [
    ["vm-1", /^curl --max-time/, ["200 0.001 0.004 0 | d2", "000 0.000000 0.002 7 Couldn't connect to server | "]],
    ["ipvs", "ipvsadm -ln", []],
    ["ipvs", /^journalctl/, ["ipvs-rules: line 3 of static.rules: no such scheduler"]],
  ];
  expect(examinationText(examinationOf(web, changed(healthy(web), ...changes)))).toBe(
    `✖ tcp 192.168.139.29:80 on ipvs: 1 of 2 requests of vm-1 were answered, the slowest after 0.004 s

  Cause     192.168.139.29:80 is in the program but not in the IPVS table of ipvs [rules-missing]
  Evidence  ipvs# ipvsadm -ln
              (no such line)
            ipvs# journalctl --unit vipstack-ipvs --unit vipstack-ipvs-keeper --output cat --lines 12 --no-pager
              ipvs-rules: line 3 of static.rules: no such scheduler
  Cure      on ipvs: systemctl reload-or-restart vipstack-ipvs   (its journal names a line that it can't apply)`,
  );
});

test("packets are recorded only where requests fail or are slow, and no table shows why", () => {
  const facts = healthy(web);
  expect(needsPackets(web, changed(facts))).toBe(false);
  expect(needsPackets(web, changed(facts, slow(web)))).toBe(true);
  expect(needsPackets(web, changed(facts, ["vm-1", /^curl/, ["200 0.001 0.3 0 | d2", "sent again: 1"]]))).toBe(true);
  expect(needsPackets(web, changed(facts, ["vm-1", /^curl/, ["200 0.001 1.2 0 | d2", "sent again: 0"]]))).toBe(true);
  expect(needsPackets(web, changed(facts, slow(web), ["ipvs", "ipvsadm -ln", []]))).toBe(false);
});

test("a service that does not answer for no known reason is a finding, too", () => {
  const facts = changed(healthy(web), slow(web));
  expect(examinationOf(web, facts).findings).toMatchObject([
    { name: "unknown", cause: expect.stringMatching(/is there; packets were not recorded$/) as string },
  ]);
  const watched = changed(facts.seen, ...recorded(web, {}));
  expect(examinationOf(web, watched).findings).toMatchObject([
    {
      name: "unknown",
      cause: "192.168.139.29:80 does not answer vm-1, and no cause that the doctor knows is there",
    },
  ]);
});

test("without a login to the client no request is sent, and that is said", () => {
  const facts = changed(without(healthy(web), "vm-1", "no answer within 30 s"));
  const examination = examinationOf(web, facts);
  expect(examination.findings).toMatchObject([{ name: "client-away" }]);
  expect(examinationText(examination)).toMatch(/on ipvs: no request was sent\n\n {2}Cause {5}vm-1, which should send/);
});

test("a service that follows Consul has the ports and machines of the director's table", () => {
  const page = sceneOf(PAGE).withFollowed(["192.168.139.185:9082", "10.0.0.9:80"]);
  expect(page.ports).toEqual([8082, 9082, 80]);
  expect(page.serverMachines).toEqual(["d3"]);
});

test("with machines that accept no login, each service says so of its director", async () => {
  const shown: string[] = [];
  const all = await examine(deployment("echo no >&2; exit 255"), TOPOLOGY, (line) => shown.push(line));
  expect(all.map(({ service, findings }) => [service, findings[0]?.name])).toEqual([
    [WEB, "director-away"],
    ["192.168.139.100:8080", "director-away"],
    ["192.168.139.101:8081", "director-away"],
    [PAGE, "director-away"],
  ]);
  expect(shown).toEqual(["looks at 4 machines"]);
});
