import { deleteOptions } from "../objects/delete-objects.ts";
import { apiVersionOf, pathOf, type ResourceInfo } from "../connection/discovery.ts";
import { messageOf } from "../errors.ts";
import { reporter } from "../report.ts";
import type { ApiObject } from "../objects/resources.ts";
import type { Applying } from "./applying.ts";

/** Where to look for members, and which of them stay. */
export interface PrunedSet {
  readonly kinds: ReadonlyMap<string, ResourceInfo>;
  readonly namespaces: ReadonlySet<string>;
  readonly selector: string;
  readonly kept: ReadonlySet<string | undefined>;
}

interface Member {
  readonly info: ResourceInfo;
  readonly namespace: string | undefined;
  readonly object: ApiObject;
}

/** Everything is looked up before anything is deleted. Upstream: pkg/cmd/apply/applyset_pruner.go */
export async function pruneMembers({ context, dryRun }: Applying, set: PrunedSet): Promise<void> {
  checkNamespaces(set);
  const places = [...set.kinds.values()].flatMap((info) =>
    (info.namespaced ? [...set.namespaces] : [undefined]).map((namespace) => ({ info, namespace })),
  );
  const client = await context.client();
  const listMembers = async (info: ResourceInfo, namespace: string | undefined): Promise<Member[]> => {
    try {
      const list = await client.get<{ items?: ApiObject[] | null }>(pathOf(info, namespace), { labelSelector: set.selector });
      return (list.items ?? []).map((item) => ({
        info,
        namespace,
        object: { ...item, apiVersion: apiVersionOf(info), kind: info.kind },
      }));
    } catch (error) {
      const kind = `${info.group}/${info.version}, Kind=${info.kind}`;
      throw new Error(`listing ${kind} objects for pruning: ${messageOf(error)}`, { cause: error });
    }
  };
  const members = (await Promise.all(places.map(({ info, namespace }) => listMembers(info, namespace)))).flat();
  const report = await reporter(context, dryRun);
  for (const member of members.filter(({ object }) => !set.kept.has(object.metadata.uid))) {
    const { info, namespace, object } = member;
    try {
      const body = deleteOptions(context.flags, dryRun);
      if (dryRun !== "client") await client.json("DELETE", pathOf(info, namespace, object.metadata.name), { body });
    } catch (error) {
      throw new Error(`pruning ${shownMember(member)}: ${messageOf(error)}`, { cause: error });
    }
    report(object, info, "pruned");
  }
}

/** Without this the server would be asked for members everywhere. */
function checkNamespaces({ kinds, namespaces }: PrunedSet): void {
  const index = [...kinds.values()].findIndex((info) => info.namespaced && namespaces.has(""));
  if (index >= 0) throw new Error(`unexpectedly encountered empty namespace during prune of namespace-scoped resource ${index}`);
}

const shownMember = ({ info, namespace, object }: Member) =>
  `${info.kind}${info.group === "" ? "" : `.${info.group}`} ${namespace === undefined ? "" : `${namespace}/`}${object.metadata.name}`;
