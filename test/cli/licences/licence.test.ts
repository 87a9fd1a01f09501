import { copyrightLicence, debianLicence, isOpenSource, programLicence } from "../../../cli/licences/licence";

test.each([
  ["consul", "1.14.11", "MPL-2.0"],
  ["consul", "1.9.17", "MPL-2.0"],
  ["consul", "1.16.3", "MPL-2.0"],
  ["consul", "1.15.8", undefined],
  ["consul", "1.17.0", "BUSL-1.1"],
  ["consul", "2.0.9", "BUSL-1.1"],
  ["consul", "1.14.11+ent", "LicenseRef-enterprise"],
  ["nomad", "0.12.12", "MPL-2.0"],
  ["nomad", "1.5.10", "MPL-2.0"],
  ["nomad", "1.5.11", "BUSL-1.1"],
  ["nomad", "1.6.3", "MPL-2.0"],
  ["nomad", "1.6.4", "BUSL-1.1"],
  ["nomad", "1.7.0-beta.2", "BUSL-1.1"],
  ["nomad", "3.0.0", "BUSL-1.1"],
  ["consul-template", "0.37.0", "MPL-2.0"],
  ["cni-plugins", "1.5.0", "Apache-2.0"],
])("%s %s is under %s", (name, version, licence) => {
  expect(programLicence(name, version).licence).toBe(licence);
});

test("a version between those that were looked at: where to look", () => {
  expect(programLicence("consul", "1.15.8").knownFrom).toBe("look at LICENSE of consul at v1.15.8");
});

describe("a copyright file of Debian", () => {
  const format =
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nSource: https://curl.se/\n";
  const file = (licence: string): string => `${format}
Files: debian/*
Copyright: 2003 Fumitoshi UKAI <ukai@debian.or.jp>
License: GPL-3+

Files: *
Copyright: 1996-2022, Daniel Stenberg, <daniel@haxx.se>, et al
License: ${licence}
 Permission to use, copy, modify, and distribute this software

License: ISC
`;
  test.each([
    ["curl", "curl"],
    ["GPL-2", "GPL-2.0-only"],
    ["GPL-2+", "GPL-2.0-or-later"],
    ["LGPL-2.1+", "LGPL-2.1-or-later"],
    ["Expat", "MIT"],
    ["GPL-2+ and BSD-3-clause", "GPL-2.0-or-later AND BSD-3-Clause"],
    ["Own-words", "Own-words"],
  ])("its %s is %s", (short, licence) => {
    const knownFrom = "its copyright file on the machine";
    expect(copyrightLicence("app", file(short))).toEqual({ licence, knownFrom });
  });

  test.each([
    [
      "prose",
      "ipvsadm",
      "This package was debianized by Alexander Wirt.\n\nCopyright:\n\n   This program is free software\n",
    ],
    ["no licence of the package's own", "ca-certificates", file("...")],
    ["no file", "unzip", ""],
  ])("%s: by the table", (_, name, text) => {
    expect(copyrightLicence(name, text)).toEqual(debianLicence(name));
    expect(debianLicence(name).licence).toBeDefined();
  });

  test("of a package that the table does not have", () => {
    expect(copyrightLicence("redis", "prose")).toEqual({
      knownFrom: "look at /usr/share/doc/redis/copyright, or --machine",
    });
  });
});

test.each([
  ["MPL-2.0", true],
  ["GPL-2.0-or-later AND MPL-2.0", true],
  ["GPL-2.0-or-later WITH Autoconf-exception-2.0", true],
  ["(MIT OR Apache-2.0)", true],
  ["BUSL-1.1", false],
  ["MIT AND SSPL-1.0", false],
  ["LicenseRef-enterprise", false],
  ["Own-words", undefined],
  [undefined, undefined],
])("whether %s is open source: %s", (licence, expected) => {
  expect(isOpenSource(licence)).toBe(expected);
});
