import { impairScript } from "../../lab/faults";
import { faultText } from "../../lab/status";

test("delay and loss spare the machine's ssh, and no fault takes everything away", () => {
  expect(impairScript(["eth0"], { delayMs: 100, jitterMs: 10, lossPercent: 5 }))
    .toBe(`tc qdisc del dev eth0 root 2>/dev/null
tc qdisc add dev eth0 root handle 1: prio bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 || exit 1
tc qdisc add dev eth0 parent 1:1 handle 10: netem delay 100ms 10ms loss 5% limit 100000 || exit 1
tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip sport 22 0xffff flowid 1:2 || exit 1
tc filter add dev eth0 parent 1: protocol ipv6 prio 2 u32 match ip6 sport 22 0xffff flowid 1:2 || exit 1
exit 0`);
  expect(impairScript(["eth0", "eth1"], {})).toBe(
    "tc qdisc del dev eth0 root 2>/dev/null\ntc qdisc del dev eth1 root 2>/dev/null\nexit 0",
  );
  expect(faultText({ cut: true, delayMs: 5, jitterMs: 1, lossPercent: 2 })).toBe(
    "network cut, delay 5 ms ± 1 ms, loss 2 %",
  );
  expect(faultText({})).toBe("");
});
