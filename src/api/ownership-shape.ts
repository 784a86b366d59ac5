import { type SchemaField, type SchemaType, structType } from "./schema.ts";
import type { Kind } from "./kind.ts";
import type { JsonSchema } from "./structural-schema/json-schema.ts";
import { shapeOfSchema } from "./structural-schema/ownership.ts";

/**
 * How a value is owned in server-side apply: as a whole, by its fields and keys, or by its items.
 * Upstream: sigs.k8s.io/structured-merge-diff/v6/schema
 */
export type Shape = LeafShape | MapShape | ListShape;

export interface LeafShape {
  readonly form: "leaf";
}

export interface MapShape {
  readonly form: "map";
  /** The shape of a member; undefined for a field that does not exist. */
  member(name: string): Shape | undefined;
  /** Whether a member is a declared field rather than a key somebody chose. */
  isField(name: string): boolean;
  /** For values whose type is only known when seen: lists and scalars in it are leaves. */
  readonly deduced: boolean;
}

export interface ListShape {
  readonly form: "list";
  readonly item: Shape;
  /** Undefined for a set of scalars. */
  readonly keys: readonly { readonly name: string; readonly default: unknown }[] | undefined;
}

const LEAF: LeafShape = { form: "leaf" };
const DEDUCED: MapShape = { form: "map", member: () => DEDUCED, isField: () => false, deduced: true };

/** The shape of a kind's objects. */
export function shapeOfKind(kind: Kind): MapShape {
  const { package: packageName, type } = kind.schema;
  return packageName === "" ? shapeOfCustomResource(kind.openApiSchema) : (shapeOfStruct(structType(packageName, type)) as MapShape);
}

const customResources = new WeakMap<object, MapShape>();

/** Without a schema custom resources are taken as they come, but for their metadata. */
function shapeOfCustomResource(schema: JsonSchema = { type: "object" }): MapShape {
  const known = customResources.get(schema);
  if (known) return known;
  const own = shapeOfSchema(schema, DEDUCED);
  const shape: MapShape = {
    form: "map",
    member: (name) =>
      name === "metadata"
        ? shapeOfStruct(structType("meta/v1", "ObjectMeta"))
        : isTypeMeta(name)
          ? LEAF
          : own.form === "map"
            ? own.member(name)
            : DEDUCED,
    isField: (name) => name === "metadata" || isTypeMeta(name) || (own.form === "map" && own.isField(name)),
    deduced: false,
  };
  customResources.set(schema, shape);
  return shape;
}

const isTypeMeta = (name: string) => name === "apiVersion" || name === "kind";

type Struct = Extract<SchemaType, { form: "struct" }>;
const structs = new WeakMap<Struct, MapShape>();

function shapeOfStruct(type: Struct): MapShape {
  const known = structs.get(type);
  if (known) return known;
  const members = new Map<string, Shape>();
  const shape: MapShape = {
    form: "map",
    member: (name) => {
      let member = members.get(name);
      const field = type.fields.get(name);
      if (!member && field) members.set(name, (member = shapeOfField(field)));
      return member;
    },
    isField: (name) => type.fields.has(name),
    deduced: false,
  };
  structs.set(type, shape);
  return shape;
}

function shapeOfField(field: SchemaField): Shape {
  const { type } = field;
  if (type.form === "list") {
    if (field.listType === "set") return { form: "list", item: LEAF, keys: undefined };
    if (field.listType !== "map") return LEAF;
    return {
      form: "list",
      item: shapeOfType(type.item),
      keys: field.listMapKeys.map((name) => ({ name, default: keyDefault(type.item, name) })),
    };
  }
  if (type.form === "map") return field.mapType === "atomic" ? LEAF : mapOf(shapeOfType(type.value));
  // A field may be granular where its type is atomic: PersistentVolumeSpec.claimRef.
  if (type.form === "struct" && field.structType === "granular") return shapeOfStruct(type);
  return field.structType === "atomic" ? LEAF : shapeOfType(type);
}

function shapeOfType(type: SchemaType): Shape {
  if (type.form === "struct") return type.atomic ? LEAF : shapeOfStruct(type);
  return type.form === "map" ? mapOf(shapeOfType(type.value)) : LEAF;
}

function mapOf(member: Shape): MapShape {
  return { form: "map", member: () => member, isField: () => false, deduced: false };
}

function keyDefault(item: SchemaType, name: string): unknown {
  if (item.form !== "struct") return undefined;
  return item.fields.get(name)?.default ?? item.written.get(name);
}
