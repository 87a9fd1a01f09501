import { shellQuote, sshConfigText } from "../../lab/ssh";
import { LabState } from "../../lab/state";

test("words reach a machine's shell unchanged", () => {
  expect(["-l", "a b", "it's", "$HOME", ""].map(shellQuote)).toEqual(["-l", "'a b'", `'it'\\''s'`, "'$HOME'", "''"]);
});

test("ssh_config has an alias for each machine, with its key pinned", () => {
  const state = new LabState("/srv/my lab");
  const nics = (address: string) => [{ interface: "eth0", addresses: [address] }];
  const machines = [
    { name: "vm-1", memoryMiB: 256, nics: nics("192.168.139.9/24"), preinstalled: [], beforeRemoval: "" },
    { name: "six", memoryMiB: 256, nics: nics("fd00:139::9/64"), preinstalled: [], beforeRemoval: "" },
  ];
  const text = sshConfigText(state, machines);
  expect(text).toContain(`Host vm-1
  HostKeyAlias vm-1
  ProxyCommand ip netns exec ${state.namespace} socat STDIO TCP4:192.168.139.9:22,connect-timeout=5
`);
  expect(text).toContain("socat STDIO TCP6:[fd00:139::9]:22,");
  expect(text).toContain('UserKnownHostsFile "/srv/my lab/known_hosts"\n');
  expect(text).toContain("StrictHostKeyChecking yes\n");
});
