import type { DaemonSet, Deployment, StatefulSet } from "../../api/generated/apps-v1.ts";
import { after } from "../../host/cli-host.ts";
import { tellNothingFound } from "../objects/change.ts";
import type { CommandContext } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import type { ApiObject, Found } from "../objects/resources.ts";
import { visitObjects } from "../objects/visit-objects.ts";

interface Progress {
  readonly message: string;
  readonly done: boolean;
}

/** Upstream: k8s.io/kubectl/pkg/cmd/rollout/rollout_status.go */
export async function status(context: CommandContext): Promise<void> {
  const unread: unknown[] = [];
  const targets = await targetsOf(context, context.args, { errors: unread, typed: true });
  const visited = { targets, unread, selector: context.flags.text("selector"), typed: true };
  const count = await visitObjects(context, visited, (found) => one(context, found));
  if (count === 0) await tellNothingFound(context);
}

async function one(context: CommandContext, found: Found): Promise<void> {
  const first = progressOf(context, found, found.object);
  context.io.out(first.message);
  if (first.done || !context.flags.bool("watch")) return;
  const client = await context.client();
  const abort = new AbortController();
  const timeout = context.flags.number("timeout");
  const cancel = timeout > 0 ? after(timeout, () => abort.abort()) : () => undefined;
  let last = first.message;
  try {
    while (!abort.signal.aborted) {
      for await (const event of client.watch(
        pathOf(found.info, found.namespace),
        { fieldSelector: `metadata.name=${found.name}` },
        { signal: abort.signal },
      )) {
        if (event.type === "ERROR") break;
        if (event.type === "DELETED") throw new Error("object has been deleted");
        if (event.type === "BOOKMARK") continue;
        const progress = progressOf(context, found, event.object as ApiObject);
        if (progress.message !== last || progress.done) context.io.out(progress.message);
        last = progress.message;
        if (progress.done) return;
      }
    }
  } finally {
    cancel();
    abort.abort();
  }
  throw new Error("timed out waiting for the condition");
}

function progressOf(context: CommandContext, { info, name }: Found, object: ApiObject): Progress {
  switch (info.resource) {
    case "deployments":
      return deployment(context, name, object as unknown as Required<Deployment>);
    case "daemonsets":
      return daemonSet(name, object as unknown as Required<DaemonSet>);
    case "statefulsets":
      return statefulSet(object as unknown as Required<StatefulSet>);
    default:
      throw new Error(`no status viewer has been implemented for ${info.group === "" ? info.kind : `${info.kind}.${info.group}`}`);
  }
}

const waiting = (message: string): Progress => ({ message, done: false });

// Upstream: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go
function deployment(context: CommandContext, name: string, { metadata, spec, status: now }: Required<Deployment>): Progress {
  const wanted = context.flags.number("revision");
  const revision = Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
  if (wanted > 0 && wanted !== revision)
    throw new Error(`desired revision (${wanted}) is different from the running revision (${revision})`);
  if ((metadata.generation ?? 0) > (now?.observedGeneration ?? 0)) return waiting("Waiting for deployment spec update to be observed...\n");
  const progressing = now?.conditions?.find(({ type }) => type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded")
    throw new Error(`deployment ${JSON.stringify(name)} exceeded its progress deadline`);
  const [replicas, updated, total, available] = [spec.replicas, now?.updatedReplicas ?? 0, now?.replicas ?? 0, now?.availableReplicas ?? 0];
  if (replicas !== undefined && updated < replicas)
    return waiting(
      `Waiting for deployment ${JSON.stringify(name)} rollout to finish: ${updated} out of ${replicas} new replicas have been updated...\n`,
    );
  if (total > updated)
    return waiting(
      `Waiting for deployment ${JSON.stringify(name)} rollout to finish: ${total - updated} old replicas are pending termination...\n`,
    );
  if (available < updated)
    return waiting(
      `Waiting for deployment ${JSON.stringify(name)} rollout to finish: ${available} of ${updated} updated replicas are available...\n`,
    );
  return { message: `deployment ${JSON.stringify(name)} successfully rolled out\n`, done: true };
}

function daemonSet(name: string, { metadata, spec, status: now }: Required<DaemonSet>): Progress {
  if (spec.updateStrategy?.type !== "RollingUpdate") throw new Error("rollout status is only available for RollingUpdate strategy type");
  if ((metadata.generation ?? 0) > (now?.observedGeneration ?? 0)) return waiting("Waiting for daemon set spec update to be observed...\n");
  const [desired, updated, available] = [now?.desiredNumberScheduled ?? 0, now?.updatedNumberScheduled ?? 0, now?.numberAvailable ?? 0];
  if (updated < desired)
    return waiting(
      `Waiting for daemon set ${JSON.stringify(name)} rollout to finish: ${updated} out of ${desired} new pods have been updated...\n`,
    );
  if (available < desired)
    return waiting(
      `Waiting for daemon set ${JSON.stringify(name)} rollout to finish: ${available} of ${desired} updated pods are available...\n`,
    );
  return { message: `daemon set ${JSON.stringify(name)} successfully rolled out\n`, done: true };
}

function statefulSet({ metadata, spec, status: now }: Required<StatefulSet>): Progress {
  if (spec.updateStrategy?.type !== "RollingUpdate") throw new Error("rollout status is only available for RollingUpdate strategy type");
  if (!now?.observedGeneration || (metadata.generation ?? 0) > now.observedGeneration)
    return waiting("Waiting for statefulset spec update to be observed...\n");
  const [replicas, ready, updated] = [spec.replicas ?? 0, now.readyReplicas ?? 0, now.updatedReplicas ?? 0];
  if (ready < replicas) return waiting(`Waiting for ${replicas - ready} pods to be ready...\n`);
  const partition = spec.updateStrategy.rollingUpdate?.partition ?? 0;
  if (spec.updateStrategy.rollingUpdate?.partition !== undefined) {
    if (updated < replicas - partition)
      return waiting(
        `Waiting for partitioned roll out to finish: ${updated} out of ${replicas - partition} new pods have been updated...\n`,
      );
    return {
      message: `partitioned roll out complete: ${updated} new pods have been updated...\n`,
      done: true,
    };
  }
  if (now.updateRevision !== now.currentRevision)
    return waiting(`waiting for statefulset rolling update to complete ${updated} pods at revision ${now.updateRevision}...\n`);
  return {
    message: `statefulset rolling update complete ${now.currentReplicas ?? 0} pods at revision ${now.currentRevision}...\n`,
    done: true,
  };
}
