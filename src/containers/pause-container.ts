import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import { Container } from "./container.ts";
import type { ImageCatalogue } from "./images.ts";
import type { ProcessTable } from "./process-table.ts";
import type { ContainerConfig } from "./runtime.ts";
import type { Sandbox } from "./sandbox.ts";

/** Process 1 of a sandbox whose containers share their processes. */
export function startPause(
  sandbox: Sandbox,
  table: ProcessTable,
  { images, clock, rng }: { readonly images: ImageCatalogue; readonly clock: Clock; readonly rng: Rng },
): void {
  const image = images.find("registry.k8s.io/pause:3.10");
  const config: ContainerConfig = {
    name: "POD",
    image: image.info.name,
    attempt: 0,
    pidNamespaceOf: undefined,
    command: undefined,
    args: undefined,
    workingDir: undefined,
    env: [],
    mounts: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    readOnlyRootFilesystem: true,
    runAsUser: undefined,
    runAsGroup: undefined,
    supplementalGroups: [],
    memoryLimitBytes: 0,
    cpuLimitMillis: 0,
    stopSignal: undefined,
  };
  const tree = images.tree(image.image);
  new Container({ id: sandbox.id, pid: sandbox.pid, sandbox, config, image, tree, clock, rng, table, hooks: {} }).start(() => {});
}
