import { consulTemplateUnit } from "../../../constructs/consul";
import { renderConsulTemplateConfig, renderFollowed } from "../../../constructs/lvs/render/consul-template";
import { FollowSpec } from "../../../constructs/lvs/spec";
import { snatChoices } from "../../../constructs/lvs/topology";
import { parseInterfaceAddress } from "../../../constructs/machine";
import { expectGolden } from "../../support/golden";
import { serviceWith, supportRules } from "../support/services";

const web: FollowSpec = {
  name: "web",
  service: "hello-world-servers",
  wait: { min: "1s", max: "4s" },
  graceSeconds: 30,
  snatTo: [{ address: "192.168.139.29" }],
};

const apply = ["systemctl", "--no-block", "try-reload-or-restart", "vipstack-ipvs.service"];

test("consul-template's configuration", () => {
  const canary: FollowSpec = {
    ...web,
    name: "canary",
    tag: "v2",
    datacenter: "west",
    wait: { min: "0s", max: "10s" },
  };
  expectGolden("director.consul-template.hcl", renderConsulTemplateConfig([web, canary], apply));
});

test("nothing followed: a configuration without templates", () => {
  expect(renderConsulTemplateConfig([], apply)).not.toContain("template {");
});

test("consul-template's unit", () => {
  const unit = consulTemplateUnit({
    program: "/usr/local/bin/consul-template",
    writes: "the healthy instances of followed services",
    config: "/etc/x.hcl",
    folder: "/run/vipstack/consul",
    after: ["rules.service"],
  });
  expectGolden("director.consul-template.service", unit);
});

test("the list of what is followed, in ipvsadm's words", () => {
  const services = [
    serviceWith({ follows: { ...web, graceSeconds: undefined } }),
    serviceWith(),
    serviceWith({ mark: 7, follows: { ...web, name: "marked", graceSeconds: 0 } }),
  ];
  expect(JSON.parse(renderFollowed(services, ["10.0.0.1", "192.168.139.29", "10.0.0.1"]))).toEqual({
    web: {
      virtualService: "-t 192.168.139.29:80",
      forwarding: "-m",
      service: "hello-world-servers",
      family: 4,
      graceSeconds: null,
      never: ["10.0.0.1", "192.168.139.29"],
    },
    marked: expect.objectContaining({ virtualService: "-f 7", graceSeconds: 0 }) as unknown,
  });
});

test("iptables: rules that name no real server", () => {
  expect(supportRules([serviceWith({ follows: web })])).toBe(`*nat
:VIPSTACK-POSTROUTING - [0:0]
-A POSTROUTING -j VIPSTACK-POSTROUTING
-A VIPSTACK-POSTROUTING -p tcp -m ipvs --vproto 6 --vaddr 192.168.139.29 --vport 80 -j SNAT --to-source 192.168.139.29
COMMIT
*filter
:VIPSTACK-INPUT - [0:0]
:VIPSTACK-FORWARD - [0:0]
-A INPUT -j VIPSTACK-INPUT
-A FORWARD -j VIPSTACK-FORWARD
-A VIPSTACK-INPUT -d 192.168.139.29/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A VIPSTACK-FORWARD -p tcp -m conntrack --ctorigdst 192.168.139.29 --ctorigdstport 80 --ctdir REPLY -j ACCEPT
COMMIT
`);
});

test("the address that takes the client's place is the one in the real server's network", () => {
  const place = (...texts: string[]) => ({
    name: "ipvs",
    addresses: texts.map((text, index) => parseInterfaceAddress(`eth${index}`, text)!),
  });
  const two = place("192.168.139.29/24", "10.0.0.1/24", "fd00:10::1/64");
  expect(snatChoices(two, "192.168.139.100")).toEqual([
    { subnet: "10.0.0.0/24", address: "10.0.0.1" },
    { address: "192.168.139.29" },
  ]);
  expect(snatChoices(two, "10.0.0.100")).toEqual([
    { subnet: "192.168.139.0/24", address: "192.168.139.29" },
    { address: "10.0.0.1" },
  ]);
  expect(snatChoices(two, "fd00:10::100")).toEqual([{ address: "fd00:10::1" }]);
  expect(snatChoices(place("10.0.0.1/24", "10.0.0.2/24"), "10.0.0.100")).toEqual([{ address: "10.0.0.1" }]);
});
