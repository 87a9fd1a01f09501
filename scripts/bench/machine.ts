import { cpus, totalmem } from "node:os";

/** The machine that measured: absolute figures are true of it alone. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    processors: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

/** `2 × Neoverse-N1, 16 GiB, linux arm64, Node 20.20.2` */
export function describeMachine({ processor, processors, memoryGiB, system, node }: Machine): string {
  return `${processors} × ${processor}, ${memoryGiB} GiB, ${system}, Node ${node}`;
}
