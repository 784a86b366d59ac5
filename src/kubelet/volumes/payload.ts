import type { DownwardAPIVolumeFile, KeyToPath, ServiceAccountTokenProjection, Volume } from "../../api/generated/core-v1.ts";
import { fieldValue, resourceValue } from "../downward-api.ts";
import type { EnvironmentSources } from "../environment.ts";
import { MountError } from "../start-error.ts";
import type { Payload } from "./atomic-writer.ts";

export interface PayloadSources extends EnvironmentSources {
  /** A token for the pod's service account. */
  token(projection: ServiceAccountTokenProjection): string;
}

/** What a volume takes from: `configMap:default/x`, `secret:default/y`. */
export function referencesOf(volume: Volume, namespace: string): string[] {
  const references: string[] = [];
  const add = (kind: "configMap" | "secret", name: string | undefined) => references.push(`${kind}:${namespace}/${name ?? ""}`);
  if (volume.configMap) add("configMap", volume.configMap.name);
  if (volume.secret) add("secret", volume.secret.secretName);
  for (const source of volume.projected?.sources ?? []) {
    if (source.configMap) add("configMap", source.configMap.name);
    if (source.secret) add("secret", source.secret.name);
  }
  return references;
}

/** The files of a volume that shows API objects; undefined when it is none of these. */
export function payloadOf(volume: Volume, sources: PayloadSources): Payload | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  const fill = new PayloadBuilder(volume.name, sources);
  if (configMap) fill.configMap(configMap.name ?? "", configMap.items, configMap.optional, configMap.defaultMode ?? 0o644);
  else if (secret) fill.secret(secret.secretName ?? "", secret.items, secret.optional, secret.defaultMode ?? 0o644);
  else if (downwardAPI) fill.downward(downwardAPI.items, downwardAPI.defaultMode ?? 0o644);
  else if (projected) {
    const mode = projected.defaultMode ?? 0o644;
    for (const source of projected.sources ?? []) {
      if (source.configMap) fill.configMap(source.configMap.name ?? "", source.configMap.items, source.configMap.optional, mode);
      if (source.secret) fill.secret(source.secret.name ?? "", source.secret.items, source.secret.optional, mode);
      if (source.downwardAPI) fill.downward(source.downwardAPI.items, mode);
      if (source.serviceAccountToken)
        fill.payload.set(source.serviceAccountToken.path, { data: Buffer.from(sources.token(source.serviceAccountToken)), mode });
      if (source.clusterTrustBundle) throw new MountError(volume.name, "clusterTrustBundle projections are not simulated");
      if (source.podCertificate) throw new MountError(volume.name, "podCertificate projections are not simulated");
    }
  } else return undefined;
  return fill.payload;
}

class PayloadBuilder {
  readonly payload: Payload = new Map();
  readonly #volume: string;
  readonly #sources: PayloadSources;

  constructor(volume: string, sources: PayloadSources) {
    this.#volume = volume;
    this.#sources = sources;
  }

  configMap(name: string, items: readonly KeyToPath[] | undefined, optional: boolean | undefined, mode: number): void {
    const found = this.#sources.lookups.configMaps.find(`${this.#namespace}/${name}`);
    if (!found && !optional) throw new MountError(this.#volume, `configmap "${name}" not found`);
    const data = new Map<string, Buffer>();
    for (const [key, text] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(text));
    for (const [key, base64] of Object.entries(found?.binaryData ?? {})) data.set(key, Buffer.from(base64, "base64"));
    this.#project(data, items, mode, (key) => (optional ? undefined : `configmap references non-existent config key: ${key}`));
  }

  secret(name: string, items: readonly KeyToPath[] | undefined, optional: boolean | undefined, mode: number): void {
    const found = this.#sources.lookups.secrets.find(`${this.#namespace}/${name}`);
    if (!found && !optional) throw new MountError(this.#volume, `secret "${name}" not found`);
    const data = new Map(Object.entries(found?.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, "base64")]));
    this.#project(data, items, mode, (key) => (optional ? undefined : `references non-existent secret key: ${key}`));
  }

  downward(items: readonly DownwardAPIVolumeFile[] | undefined, mode: number): void {
    for (const item of items ?? []) {
      const { pod, allocatable } = this.#sources;
      const text = item.fieldRef
        ? fieldValue(this.#sources, item.fieldRef.fieldPath)
        : item.resourceFieldRef
          ? resourceValue(pod, item.resourceFieldRef, undefined, allocatable)
          : "";
      this.payload.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode });
    }
  }

  get #namespace(): string {
    return this.#sources.pod.metadata.namespace ?? "";
  }

  #project(
    data: ReadonlyMap<string, Buffer>,
    items: readonly KeyToPath[] | undefined,
    mode: number,
    absent: (key: string) => string | undefined,
  ): void {
    if (!items || items.length === 0) {
      for (const [key, value] of [...data].sort(([a], [b]) => (a < b ? -1 : 1))) this.payload.set(key, { data: value, mode });
      return;
    }
    for (const item of items) {
      const value = data.get(item.key);
      if (value) this.payload.set(item.path, { data: value, mode: item.mode ?? mode });
      else {
        const message = absent(item.key);
        if (message) throw new MountError(this.#volume, message);
      }
    }
  }
}
