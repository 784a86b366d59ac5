import { renderYaml } from "../../api/yaml.ts";

export type Json = Record<string, unknown>;

export const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
export const isMissing = (value: unknown): boolean => value === undefined || value === null;

/** A scalar as YAML has it: collections have no text of their own. */
export const textOf = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? "" : String(value as string | number | bigint | boolean);

/** The names that Go's YAML library has for kinds of nodes. */
export const nodeKind = (value: unknown): "MappingNode" | "SequenceNode" | "ScalarNode" =>
  Array.isArray(value) ? "SequenceNode" : isMap(value) ? "MappingNode" : "ScalarNode";

export const wrongKind = (expected: ReturnType<typeof nodeKind>, value: unknown): Error =>
  new Error(`wrong node kind: expected ${expected} but got ${nodeKind(value)}: node contents:\n${renderYaml(value)}`);
