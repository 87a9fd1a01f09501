import { LabDeployment } from "./deployment";
import { secondsUntil } from "./waiting";

/**
 * Real servers that get new connections, as the kernel of a director has them: address and port, sorted.
 *
 * @param port of the virtual service. @default - the real servers of all
 */
export async function realServersOf(scene: LabDeployment, director: string, port?: number): Promise<string[]> {
  const table = (await scene.on(director, "ipvsadm -S -n")).split("\n");
  const lines = port === undefined ? table : table.filter((line) => line.includes(`:${port} -r `));
  return lines.flatMap((line) => /-r (\S+) -[mgi] -w [1-9]/.exec(line)?.[1] ?? []).sort();
}

/** Waits until exactly these get new connections of a director. @returns the seconds that it took */
export async function untilServed(scene: LabDeployment, director: string, servers: readonly string[]): Promise<number> {
  return secondsUntil(async () => {
    expect(await realServersOf(scene, director)).toEqual(servers);
  });
}
