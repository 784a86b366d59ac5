import { hasType, structType, type StructType } from "../../api/schema.ts";
import type { ResourceInfo } from "../connection/discovery.ts";

/** The schema of a built-in kind; undefined for custom resources, which know only merge patches. */
export function schemaOf(info: Pick<ResourceInfo, "group" | "version" | "kind">): StructType | undefined {
  const name = `${info.group === "" ? "core" : (info.group.split(".")[0] ?? "")}/${info.version}`;
  const builtIn = info.group === "" || !info.group.includes(".") || info.group.endsWith(".k8s.io");
  return builtIn && hasType(name, info.kind) ? structType(name, info.kind) : undefined;
}
