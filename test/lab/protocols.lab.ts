import { countLines } from "./support/answers";
import { deployed } from "./support/deployment";
import { BOOT, eventually, MINUTES } from "./support/waiting";

describe("persistence", () => {
  const sticky = deployed("persistence");

  test("a client stays with its real server", async () => {
    expect(Object.values(await sticky.answers("vm-1", "http://192.168.139.29:80/", 10))).toEqual([10]);
  });

  test("the director keeps a template of a minute for the client", async () => {
    expect(await sticky.on("ipvs", "ipvsadm -S -n")).toMatch(/-A -t 192\.168\.139\.29:80 -s rr -p 60/);
    expect(await sticky.on("ipvs", "ipvsadm -lnc --persistent-conn 2>/dev/null || ipvsadm -lnc")).toMatch(
      /192\.168\.139\.68:0/,
    );
  });

  describe("hashing by the client's address", () => {
    const hashing = ["192.168.139.101", "192.168.139.102"];
    const clients = Array.from({ length: 24 }, (_, index) => `192.168.139.${200 + index}`);
    /** An answer or an error a line, from each client one request to the virtual service. */
    const askAll = (vip: string): Promise<string> =>
      sticky.on(
        "vm-1",
        `python3 - <<'PROGRAM'
import http.client
for client in "${clients.join(" ")}".split():
    connection = http.client.HTTPConnection("${vip}", 80, timeout=10, source_address=(client, 0))
    try:
        connection.request("GET", "/")
        print(connection.getresponse().read().decode().strip())
    except OSError as error:
        print(error)
    connection.close()
PROGRAM`,
      );
    beforeAll(() => sticky.on("vm-1", clients.map((each) => `ip address add ${each}/24 dev eth0`).join("\n")), MINUTES);

    test.each(hashing)("%s: each client stays with its real server, and both have some", async (vip) => {
      const first = await askAll(vip);
      expect(await askAll(vip)).toBe(first);
      expect(Object.keys(countLines(first)).sort()).toEqual(["d2:80", "d2:81"]);
    });

    test(
      "at weight 0, in a drain and at its deadline no new connection is refused: another real server takes it",
      async () => {
        const loads = await Promise.all(
          hashing.map((address) => sticky.startLoad("vm-1", { address, port: 80, held: 24, sources: clients })),
        );
        await sticky.up({ WEIGHT: "0", DRAIN: "15" });
        for (const vip of hashing) expect(countLines(await askAll(vip))).toEqual({ "d2:80": 24 });
        await sticky.up({ WEIGHT: "", DRAIN: "15" });
        await eventually(async () => {
          expect(await sticky.on("ipvs", "ipvsadm -S -n")).not.toMatch(/10[12]:80 -r 192\.168\.139\.184:81/);
        }, 2 * MINUTES);
        for (const load of loads) {
          const result = await load.finish();
          expect(result).toMatchObject({ newFailed: [] });
          // Those that port 81 held were cut at the deadline, so there were some.
          expect(result.heldLost).toBeGreaterThan(0);
          expect(result.heldLost).toBeLessThan(24);
          expect(result.newAnswered).toBeGreaterThan(100);
        }
      },
      BOOT,
    );
  });
});

describe("IPv6 masquerading", () => {
  const six = deployed("ipv6");

  test("alternates between the two real servers", async () => {
    expect(await six.answers("vm-1", "-g http://[fd00:139::29]:80/", 10)).toEqual({
      "d2:80": 5,
      "d2:81": 5,
    });
  });
});
