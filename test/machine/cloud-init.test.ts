import {
  CloudInit,
  renderCloudConfig,
  renderPushScript,
  renderSetupScript,
  renderTeardownScript,
} from "../../constructs/machine";
import { cloudConfigErrors } from "../support/cloud-init-schema";
import { expectGolden } from "../support/golden";

const everything = (): CloudInit =>
  new CloudInit({ hostname: "box" })
    .add("a", {
      packages: ["ipvsadm", "curl"],
      kernelModules: ["ip_vs", "ip_vs_rr"],
      sysctls: [{ key: "net.ipv4.ip_forward", value: "1", reason: "packets pass through" }],
      files: [{ path: "/etc/a b", content: "it's ${HOME} and %{x}\n", mode: "0600" }],
      units: [
        { name: "a.service", content: "[Unit]\n" },
        { name: "vendor.service" },
        { name: "b.service", content: "[Unit]\n", enable: false },
      ],
      liveFiles: [{ path: "/etc/live", content: "weight 1\n", reloads: "a.service" }],
      commands: ["touch /run/done"],
      ready: ["test -e '/run/done'"],
    })
    .add("b", { packages: ["curl", "arping"], addresses: ["10.0.0.9/32 dev lo"] });

test("user-data: the whole model in the order that a boot needs", () => {
  const text = renderCloudConfig(everything());
  expect(cloudConfigErrors(text)).toEqual([]);
  expectGolden("machine.user-data.yaml", text);
});

test("setup script: the same model for a host that exists", () => {
  expectGolden("machine.setup.sh", renderSetupScript(everything()));
});

test("teardown script: what the setup script did is undone, for a host that had some of it before", () => {
  expectGolden("machine.teardown.sh", renderTeardownScript(everything()));
});

test("push script: only live files, each unit reloaded once", () => {
  expectGolden("machine.live.sh", renderPushScript(everything()));
});

test("the schema check finds a key that cloud-init would ignore, and a wrong type", () => {
  expect(cloudConfigErrors("#cloud-config\nwrite_file: []\n")).toEqual(["unknown key write_file"]);
  expect(cloudConfigErrors("#cloud-config\nruncmd: 5\n")).toEqual(["/runcmd must be array"]);
});

test("boot content is the same whatever the live content is", () => {
  const weights = (weight: number): CloudInit =>
    new CloudInit().add("a", {
      liveFiles: [{ path: "/etc/live", content: `weight ${weight}\n`, reloads: "a.service" }],
    });
  expect(renderCloudConfig(weights(1), { live: false })).toBe(renderCloudConfig(weights(2), { live: false }));
  expect(renderCloudConfig(weights(1))).not.toBe(renderCloudConfig(weights(2)));
});

test("two roles may want the same thing", () => {
  const sysctls = [{ key: "net.ipv4.ip_forward", value: "1", reason: "x" }];
  expect(new CloudInit().add("a", { sysctls }).add("b", { sysctls }).sysctls).toHaveLength(1);
});

test.each([
  [
    "a file with other text",
    { files: [{ path: "/etc/x", content: "1" }] },
    { files: [{ path: "/etc/x", content: "2" }] },
    "b: 'files' can't give /etc/x another content than a does: put b and a on machines of their own, or let one of them leave it out",
  ],
  [
    "a sysctl with another value",
    { sysctls: [{ key: "net.ipv4.ip_forward", value: "1", reason: "r" }] },
    { sysctls: [{ key: "net.ipv4.ip_forward", value: "0", reason: "r" }] },
    "b: 'sysctls' can't give net.ipv4.ip_forward another content than a does (1 there, 0 here): put b and a on machines of their own, or let one of them leave it out",
  ],
  [
    "a unit of the same name",
    { units: [{ name: "x.service", content: "1" }] },
    { units: [{ name: "x.service", content: "2" }] },
    "b: 'files' can't give /etc/systemd/system/x.service another content than a does: put b and a on machines of their own, or let one of them leave it out",
  ],
  [
    "a port",
    { ports: [{ protocol: "tcp" as const, port: 80 }] },
    { ports: [{ protocol: "tcp" as const, port: 80, address: "10.0.0.1" }] },
    "b: 'ports' can't claim tcp port 80, which a listens on: give b or a another port, or another machine",
  ],
])("two roles that want %s are an error that names both", (_, first, second, message) => {
  expect(() => new CloudInit().add("a", first).add("b", second)).toThrow(new Error(message));
});

test("different protocols and addresses may share a port", () => {
  const model = new CloudInit()
    .add("a", { ports: [{ protocol: "tcp", port: 80, address: "10.0.0.1" }] })
    .add("b", { ports: [{ protocol: "udp", port: 80 }] });
  expect(model.contribute("c", { ports: [{ protocol: "tcp", port: 80, address: "10.0.0.2" }] })).toEqual([]);
});
