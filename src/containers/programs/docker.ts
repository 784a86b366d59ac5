import type { Process } from "../process.ts";
import { parseFlags } from "./support.ts";
import { tools, rows, shortImage, ago, statusText, table, sizeText, withContainer, logs, inspect, execIn } from "./node-containers.ts";

export async function docker(process: Process): Promise<number> {
  const [command = "", ...args] = process.args;
  switch (command) {
    case "ps":
      return dockerPs(process, args);
    case "container":
      return args[0] === "ls" ? dockerPs(process, args.slice(1)) : unknownCommand(process, command);
    case "logs":
      return withContainer(process, parseFlags(args, "n", ["tail", "since", "until"]).rest[0], (row) => logs(process, args, row));
    case "inspect":
      return withContainer(process, parseFlags(args, "f", ["format", "type"]).rest[0], (row) => inspect(process, row));
    case "images":
      await process.print(
        table(
          ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"],
          tools(process)
            .runtime.listImages()
            .map((image) => {
              const colon = image.name.lastIndexOf(":");
              return [
                shortImage(image.name.slice(0, colon)),
                image.name.slice(colon + 1),
                image.id.slice(7, 19),
                "3 months ago",
                sizeText(image.sizeBytes, ""),
              ];
            }),
        ),
      );
      return 0;
    case "exec":
      return execIn(process, args);
    case "version":
      await process.print(
        "Client:\n Version:           28.3.2\n API version:       1.51\n\nServer:\n Engine:\n  Version:          28.3.2\n",
      );
      return 0;
    case "":
    case "help":
    case "--help":
      await process.print(
        "Usage:  docker [OPTIONS] COMMAND\n\nThe node's containers, as docker shows them: ps, logs, inspect, images, exec\n",
      );
      return 0;
    default:
      return unknownCommand(process, command);
  }
}

async function unknownCommand(process: Process, command: string): Promise<number> {
  await process.printError(`docker: unknown command: docker ${command}\n\nRun 'docker --help' for more information\n`);
  return 1;
}

async function dockerPs(process: Process, args: readonly string[]): Promise<number> {
  const { on, values } = parseFlags(args, "fn", ["filter", "format"]);
  const now = process.clock.now();
  const filter = (values.get("f") ?? values.get("filter"))?.replace(/^name=/, "");
  const shown = rows(tools(process)).filter(
    (row) => (on.has("a") || on.has("all") || row.state === "running") && (filter === undefined || row.name.includes(filter)),
  );
  if (on.has("q")) {
    await process.print(shown.map((row) => `${row.id.slice(0, 12)}\n`).join(""));
    return 0;
  }
  const whole = on.has("no-trunc");
  await process.print(
    table(
      ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"],
      shown.map((row) => {
        const quoted = `"${row.command}"`;
        return [
          whole ? row.id : row.id.slice(0, 12),
          row.image,
          whole || quoted.length <= 22 ? quoted : `"${row.command.slice(0, 19)}…"`,
          `${ago(now - row.createdAtMs)} ago`,
          statusText(row, now),
          "",
          row.name,
        ];
      }),
    ),
  );
  return 0;
}
