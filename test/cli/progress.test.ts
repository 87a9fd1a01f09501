import { setTimeout as sleep } from "node:timers/promises";
import { Listr, ListrTask } from "listr2";
import { showElapsed } from "../../cli/progress";

async function titles(task: ListrTask["task"], atMs: number): Promise<{ meanwhile?: string; after?: string }> {
  const listr = new Listr([{ title: "Terraform", task }], { renderer: "silent", exitOnError: false });
  showElapsed(listr.tasks as never);
  const running = listr.run();
  await sleep(atMs);
  const meanwhile = listr.tasks[0]?.title;
  await running;
  return { meanwhile, after: listr.tasks[0]?.title };
}

test("a task that runs shows for how long, and not once it has ended", async () => {
  const { meanwhile, after } = await titles(() => sleep(2900), 2700);
  expect(meanwhile).toBe("Terraform [2s]");
  expect(after).toBe("Terraform");
});

test("a title that the task itself sets stays, and a failure ends the clock", async () => {
  const { meanwhile, after } = await titles(async (_, task) => {
    task.title = "Terraform is there: 1.11.4";
    await sleep(2900);
    throw new Error("gone");
  }, 2700);
  expect(meanwhile).toBe("Terraform is there: 1.11.4 [2s]");
  expect(after).toBe("Terraform is there: 1.11.4");
});

test("a short task shows no time", async () => {
  expect(await titles(() => sleep(900), 800)).toEqual({ meanwhile: "Terraform", after: "Terraform" });
});
