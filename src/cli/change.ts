import type { Json } from "./client.ts";
import type { CommandContext } from "./command.ts";
import { pathOf } from "./discovery.ts";
import { dryRunOf, dryRunQuery } from "./dry-run.ts";
import { throwAll } from "./errors.ts";
import { reporter } from "./report.ts";
import { fetchObjects, targetsOf, type ApiObject, type Found } from "./resources.ts";
import { schemaOf } from "./strategic.ts";

export interface ChangeOptions {
  readonly manager?: string | undefined;
  readonly operation: string;
  readonly unchanged?: string | undefined;
  readonly args?: readonly string[] | undefined;
  /** Makes the new object; undefined leaves it as it is. */
  change(found: Found): ApiObject | undefined;
}

/** Reads objects, changes them, and sends the strategic difference: `set`, `rollout restart`, `taint`, `cordon`. */
export async function changeObjects(context: CommandContext, options: ChangeOptions): Promise<void> {
  const dryRun = dryRunOf(context.flags, context.io);
  const report = await reporter(context, dryRun);
  const errors: unknown[] = [];
  const found = await fetchObjects(context, await targetsOf(context, options.args ?? context.args), {
    selector: context.flags.text("selector"),
    errors,
  });
  const client = await context.client();
  for (const each of found) {
    try {
      const changed = options.change(each);
      const patch = changed ? await difference(each, changed) : {};
      if (Object.keys(patch).length === 0) {
        if (options.unchanged !== undefined) report(each.object, each.info, options.unchanged);
        continue;
      }
      const query = { fieldManager: options.manager, ...dryRunQuery(dryRun) };
      const result =
        dryRun === "client"
          ? (changed as ApiObject)
          : await client.json<Json>("PATCH", pathOf(each.info, each.namespace, each.name), {
              query,
              body: patch,
              contentType: contentTypeFor(each),
            });
      report(result, each.info, options.operation);
    } catch (error) {
      errors.push(error);
    }
  }
  throwAll(errors);
}

export const contentTypeFor = ({ info }: Pick<Found, "info">): string =>
  schemaOf(info) ? "application/strategic-merge-patch+json" : "application/merge-patch+json";

/** The patch that makes one object of the other. */
export async function difference({ info, object }: Pick<Found, "info" | "object">, changed: ApiObject): Promise<Json> {
  const schema = schemaOf(info);
  if (!schema) return (await import("../api/merge-patch.ts")).createMergePatch(object, changed);
  return (await import("../api/strategic-merge-patch.ts")).createTwoWayStrategicPatch(schema, object, changed);
}

interface PodSpecHolder {
  template?: { metadata?: { annotations?: Record<string, string> }; spec?: PodSpecJson };
  jobTemplate?: { spec?: { template?: { spec?: PodSpecJson } } };
}

export interface PodSpecJson extends Json {
  containers?: ContainerJson[];
  initContainers?: ContainerJson[];
}

export interface ContainerJson extends Json {
  name: string;
  image?: string;
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
}

/** The object with its pod spec changed in place of a deep copy. Throws for kinds without one. Upstream: UpdatePodSpecForObject */
export function withPodSpec(found: Found, change: (spec: PodSpecJson) => void): ApiObject {
  const object = structuredClone(found.object);
  const holder = (object["spec"] ?? {}) as PodSpecHolder & PodSpecJson;
  const spec = found.info.kind === "Pod" ? (holder as PodSpecJson) : (holder.template?.spec ?? holder.jobTemplate?.spec?.template?.spec);
  if (!spec) throw new Error(`the object is not a pod or does not have a pod template: *v1.${found.info.kind}`);
  change(spec);
  return object;
}

export const hasPodSpec = ({ info }: Pick<Found, "info">): boolean =>
  ["Pod", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob"].includes(info.kind);
