import type { Json } from "../connection/client.ts";
import type { CommandSpec } from "../command.ts";
import { renderList } from "../kubesim/own-tables.ts";

const images: CommandSpec = {
  long: "List the images that the simulation knows. Others run as a process that only lives.",
  flags: [{ name: "output", shorthand: "o", type: "string", usage: "Output format: json." }],
  async run(context) {
    const answer = await (await context.client()).get("/kubesim/images");
    if (context.flags.text("output") === "json") return context.print(JSON.stringify(answer, null, 2));
    const rows = (answer["images"] ?? answer["items"] ?? []) as (Json | string)[];
    const cells = rows.map((row) =>
      typeof row === "string"
        ? [row, "", ""]
        : [
            String(row["name"] ?? row["reference"] ?? ""),
            [row["tags"] ?? []].flat().join(", "),
            String(row["description"] ?? row["summary"] ?? ""),
          ],
    );
    context.io.out(await renderList(context.io, ["IMAGE", "TAGS", "WHAT IT DOES"], cells));
  },
};

export default images;
