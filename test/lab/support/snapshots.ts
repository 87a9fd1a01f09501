import { LabDeployment } from "./deployment";
import { eventually, MINUTES } from "./waiting";

/** Has a server save a snapshot, as its timer does. A failure is tried again after a minute. @returns its path on the machine */
export async function savedSnapshot(lab: LabDeployment, machine: string, agent: "consul" | "nomad"): Promise<string> {
  const unit = `vipstack-${agent}-snapshot.service`;
  await lab.on(machine, `systemctl start --no-block ${unit}`);
  let path = "";
  await eventually(async () => {
    path = await lab.on(machine, `ls /var/lib/vipstack/snapshots/${agent}/*.snap | tail -n 1 | grep .`);
  }, 4 * MINUTES);
  console.info(await lab.on(machine, `journalctl --unit ${unit} --no-pager --output cat`));
  return path;
}
