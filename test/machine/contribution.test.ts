import { Contribution } from "../../constructs/machine";
import { contributing } from "./support/box";

describe("what no machine can have", () => {
  test("all of it in one message, which names the role", () => {
    const part: Contribution = {
      title: "two\nlines",
      packages: ["nginx; reboot", "bad name", "nginx-"],
      aptSources: [{ name: "a/b", uri: "http://x y", suite: "s", components: [], key: "k" }],
      downloads: [{ url: "x.zip", sha256: "1", path: "x", mode: "rwx", unpack: "zip", member: "-x", version: "1 2" }],
      users: ["bad user"],
      kernelModules: ["dummy numdummies=2", "-r"],
      sysctls: [{ key: "net core", value: "1\n2", reason: "two\nlines" }],
      files: [
        { path: "relative/path", content: "x" },
        { path: "/etc/../x", content: "x" },
        { path: "/etc/x", content: "a\ud800b", mode: "999" },
      ],
      units: [
        { name: "$(touch /tmp/x).service" },
        { name: "no-suffix" },
        { name: "worker@.service" },
        { name: "-x.service" },
      ],
      liveFiles: [{ path: "/etc/x/", content: "x", reloads: "x" }],
      addresses: ["10.0.0.9 dev eth0", "10.0.0.9/32 dev eth0; reboot", "route 10.1.0.1/24 via 10.0.0.1 dev eth0"],
      ports: [{ protocol: "tcp", port: 0, address: "x" }],
      generated: ["/*", "/etc/app/$(reboot)"],
      commands: ["", "a\0b"],
      ready: [{ check: "true", timeout: "500ms" }],
      memoryMiB: 0.5,
    };
    expect(contributing(() => part)).toThrow(
      new Error(`test: 40 problems
  - 'title' must be one line, got "two\\nlines": leave out what is no text
  - 'packages' must name Debian packages, got "nginx; reboot": write it like 'nginx' or 'nginx=1.22.1-9'
  - 'packages' must name Debian packages, got "bad name": write it like 'nginx' or 'nginx=1.22.1-9'
  - 'packages' must name Debian packages, got "nginx-": write it like 'nginx' or 'nginx=1.22.1-9'
  - 'aptSources' must have names of letters, digits, '_', '-' and '.', got "a/b": choose a name like 'app'
  - 'aptSources' must give a/b single words as URI, suite, components and versions, got "http://x y": give each word of its own
  - 'aptSources' must give a/b components, got []: write them like ['main']
  - 'downloads' must have URLs, got "x.zip": write it like 'https://example.org/app.zip'
  - 'downloads' must give x a sha256 of 64 hexadecimal digits, or the URL of a list, got "1": take what sha256sum prints
  - 'downloads' must have absolute paths of files, without '.', '..', empty parts and control characters, got "x": write it like '/etc/app/app.conf'
  - 'downloads' must give x a mode of three or four octal digits, got "rwx": write it like '0644'
  - 'downloads' must name the member of x as the archive lists it, got "-x": write it like 'bin/app'
  - 'downloads' must give x a version of one word, got "1 2": write it like '1.14.11'
  - 'users' must be names of system users: lower-case letters, digits, '_' and '-', at most 31, got "bad user": choose a name like 'app'
  - 'kernelModules' must be names of kernel modules, got "dummy numdummies=2": give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d
  - 'kernelModules' must be names of kernel modules, got "-r": give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d
  - 'sysctls' must have a kernel setting as key, got "net core": write it like 'net.ipv4.ip_forward'
  - 'sysctls' must give net core a value of one line, got "1\\n2": separate numbers by blanks
  - 'sysctls' must give net core a reason of one line, got "two\\nlines": make it one sentence
  - 'files' must have absolute paths of files, without '.', '..', empty parts and control characters, got "relative/path": write it like '/etc/app/app.conf'
  - 'files' must have absolute paths of files, without '.', '..', empty parts and control characters, got "/etc/../x": write it like '/etc/app/app.conf'
  - 'files' must give /etc/x a mode of three or four octal digits, got "999": write it like '0644'
  - 'files' must give /etc/x text that UTF-8 can hold; there is half of a character in it: cut text between characters, or encode bytes as text
  - 'units' must name systemd units, with their suffix, got "$(touch /tmp/x).service": write it like 'app.service'; systemd-escape makes a name of any text
  - 'units' must name systemd units, with their suffix, got "no-suffix": write it like 'app.service'; systemd-escape makes a name of any text
  - 'units' must name an instance of a template that is to be started, got "worker@.service": write it like 'worker@one.service', or give it 'enable: false'
  - 'units' must name systemd units, with their suffix, got "-x.service": write it like 'app.service'; systemd-escape makes a name of any text
  - 'liveFiles' must have absolute paths of files, without '.', '..', empty parts and control characters, got "/etc/x/": write it like '/etc/app/app.conf'
  - 'liveFiles' must name systemd units, with their suffix, got "x": write it like 'app.service'; systemd-escape makes a name of any text
  - 'addresses' must be lines of the address file, got "10.0.0.9 dev eth0": write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'
  - 'addresses' must be lines of the address file, got "10.0.0.9/32 dev eth0; reboot": write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'
  - 'addresses' must be lines of the address file, got "route 10.1.0.1/24 via 10.0.0.1 dev eth0": write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'
  - 'ports' must be whole numbers from 1 to 65535, got 0: give the port that the role listens on
  - 'ports' must have an address that is one, got "x": write it like '10.0.0.9', or leave it out for every address
  - 'generated' must be shell patterns of files two folders deep or deeper, got "/*": write it like '/etc/app/made-*.conf'
  - 'generated' must be shell patterns of files two folders deep or deeper, got "/etc/app/$(reboot)": write it like '/etc/app/made-*.conf'
  - 'commands' must be shell text without NUL and halves of characters, got "": write a command
  - 'commands' must be shell text without NUL and halves of characters, got "a\\u0000b": write a command
  - 'ready.timeout' must be a duration of whole seconds from 1s to 24h, got "500ms": use '1s' or more
  - 'memoryMiB' must be a whole number above 0, got 0.5: leave it out for a role that needs none`),
    );
  });

  test("of a role that still grows, at synth", () => {
    expect(contributing(() => () => ({ packages: ["bad name"] }))).toThrow(
      /\[test\/box\] test: 'packages' must name Debian packages, got "bad name": write it like 'nginx' or 'nginx=1\.22\.1-9'/,
    );
  });

  test("one role that says two things of one file, and two lines for one address", () => {
    const files = ["1", "2"].map((content) => ({ path: "/etc/x", content }));
    const addresses = ["10.0.0.9/32 dev eth0", "10.0.0.9/24 dev eth0"];
    expect(contributing(() => ({ files, addresses }))).toThrow(
      new Error(`test: 2 problems
  - 'files' can't give /etc/x another content than test does: leave one of the two out
  - 'addresses' can't give 10.0.0.9 dev eth0 another content than test does: leave one of the two out`),
    );
  });

  test("names that are possible, though unusual", () => {
    expect(
      contributing(() => ({
        packages: ["g++", "libc6:amd64", "consul=1:1.14.11+dfsg-1~bpo12"],
        users: ["_apt", "www-data"],
        kernelModules: ["ip_vs", "8021q", "nf-nat"],
        sysctls: [
          { key: "-net.ipv4.conf.eth0/100.rp_filter", value: "4096\t131072 6291456", reason: "it's needed" },
          { key: "net/ipv4/ip_forward", value: "", reason: "r" },
        ],
        units: [
          { name: "srv-big\\x2ddata.mount" },
          { name: "worker@a.service" },
          { name: "getty@.service", enable: false },
        ],
        files: [{ path: "/etc/a b'c/ü$(x)", content: "\0", mode: "4755" }],
        addresses: [
          "fd00::9/128  dev lo",
          "route default via 10.0.0.1 dev eth0",
          "route fd01::/64 via fd00::1 dev eth0.100",
        ],
        generated: ["/etc/vipstack/ipvs.d/consul-*.rules"],
      })),
    ).not.toThrow();
  });
});
