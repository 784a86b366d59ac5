import type { Process } from "../process.ts";
import { parseFlags } from "./support.ts";
import { tools, rows, ago, table, sizeText, withContainer, logs, inspect, execIn } from "./node-containers.ts";

export async function crictl(process: Process): Promise<number> {
  const [command = "", ...args] = process.args.filter(
    (arg, index, all) => !(/^-(r|-runtime-endpoint)/.test(arg) || /^-(r|-runtime-endpoint)$/.test(all[index - 1] ?? "")),
  );
  const now = process.clock.now();
  const { runtime } = tools(process);
  const all = parseFlags(args).on.has("a");
  switch (command) {
    case "ps":
      await process.print(
        table(
          ["CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"],
          rows(tools(process)).flatMap((row) => {
            const { container, sandbox } = row;
            if (!container || (!all && row.state !== "running")) return [];
            return [
              [
                row.id.slice(0, 13),
                container.image.info.id.slice(7, 20),
                `${ago(now - row.createdAtMs)} ago`,
                row.state[0]?.toUpperCase() + row.state.slice(1),
                container.config.name,
                String(container.config.attempt),
                sandbox.id.slice(0, 13),
                sandbox.name,
                sandbox.namespace,
              ],
            ];
          }),
          16 - 3 - 8,
        ),
      );
      return 0;
    case "pods":
      await process.print(
        table(
          ["POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"],
          runtime
            .listPodSandboxes()
            .map((sandbox) => [
              sandbox.id.slice(0, 13),
              `${ago(now - sandbox.createdAtMs)} ago`,
              sandbox.state === "ready" ? "Ready" : "NotReady",
              sandbox.name,
              sandbox.namespace,
              String(sandbox.config.attempt),
              "(default)",
            ]),
        ),
      );
      return 0;
    case "images":
    case "img":
      await process.print(
        table(
          ["IMAGE", "TAG", "IMAGE ID", "SIZE"],
          runtime.listImages().map((image) => {
            const colon = image.name.lastIndexOf(":");
            return [image.name.slice(0, colon), image.name.slice(colon + 1), image.id.slice(7, 20), sizeText(image.sizeBytes, "")];
          }),
        ),
      );
      return 0;
    case "logs":
      return withContainer(process, parseFlags(args, "", ["tail"]).rest[0], (row) => logs(process, args, row));
    case "inspect":
    case "inspectp":
      return withContainer(process, parseFlags(args, "o").rest[0], (row) => inspect(process, row));
    case "exec":
      return execIn(process, args);
    default:
      await process.printError(`No help topic for '${command}'\n`);
      return 3;
  }
}
