import type { FieldSpec } from "./field-specs.ts";
import { EMPTY_CONFIG, mergeConfigs, type NameReference, type TransformerConfig } from "./transformer-config.ts";
import { isMap, type Json } from "./values.ts";

/** Which fields of custom resources hold names, labels and annotations, by the marks of their OpenAPI definitions. Upstream: loadconfigfromcrds.go */
export function configOfDefinitions(definitions: Json): TransformerConfig {
  let config = EMPTY_CONFIG;
  for (const name of Object.keys(definitions)) {
    const properties = propertiesOf(definitions, name);
    if (!["kind", "apiVersion", "metadata"].every((field) => field in properties)) continue;
    config = mergeConfigs(config, new Definitions(definitions, name.slice(name.lastIndexOf(".") + 1)).configOf(name, []));
  }
  return config;
}

function propertiesOf(definitions: Json, name: string): Json {
  const definition = definitions[name];
  const schema = isMap(definition) ? (definition["Schema"] ?? definition["schema"]) : undefined;
  return isMap(schema) && isMap(schema["properties"]) ? schema["properties"] : {};
}

class Definitions {
  readonly #all: Json;
  readonly #kind: string;

  constructor(all: Json, kind: string) {
    this.#all = all;
    this.#kind = kind;
  }

  configOf(name: string, path: readonly string[]): TransformerConfig {
    let config = EMPTY_CONFIG;
    for (const [field, property] of Object.entries(propertiesOf(this.#all, name))) {
      if (!isMap(property)) continue;
      const here = [...path, field];
      config = mergeConfigs(config, this.#marked(property, here));
      const reference = property["$ref"];
      if (typeof reference === "string") config = mergeConfigs(config, this.configOf(reference, here));
    }
    return config;
  }

  #marked(property: Json, path: readonly string[]): TransformerConfig {
    const text = (mark: string) => {
      const value = property[`x-kubernetes-${mark}`];
      return typeof value === "string" ? value : undefined;
    };
    const spec = (...more: string[]): FieldSpec => ({ kind: this.#kind, path: [...path, ...more].join("/") });
    const [version, kind] = [text("object-ref-api-version"), text("object-ref-kind")];
    const nameReference: NameReference[] =
      version === undefined || kind === undefined ? [] : [{ kind, version, fieldSpecs: [spec(text("object-ref-name-key") ?? "name")] }];
    return {
      ...(text("annotation") === undefined ? {} : { commonAnnotations: [spec()] }),
      ...(text("label-selector") === undefined ? {} : { commonLabels: [spec()] }),
      ...(text("identity") === undefined ? {} : { namePrefix: [spec()] }),
      nameReference,
    };
  }
}
