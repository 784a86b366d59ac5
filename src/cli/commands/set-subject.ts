import { sameJson } from "../../api/merge-patch.ts";
import { begin, changeObjects } from "../objects/change.ts";
import type { CommandContext } from "../command.ts";
import { singularName } from "../connection/discovery.ts";
import type { FlagSpec } from "../flags.ts";
import type { ApiObject } from "../objects/resources.ts";

const GROUP = "rbac.authorization.k8s.io";

interface Subject {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export const SUBJECT_FLAGS: readonly FlagSpec[] = [
  { name: "user", type: "stringArray", usage: "Users that get the role" },
  { name: "group", type: "stringArray", usage: "Groups that get the role" },
  { name: "serviceaccount", type: "stringArray", usage: "Service accounts that get the role, as namespace:name" },
];

/** Upstream: kubectl/pkg/cmd/set/set_subject.go */
export async function setSubject(context: CommandContext): Promise<void> {
  const { flags } = context;
  const begun = await begin(context);
  const accounts = flags.list("serviceaccount").map((text) => text.split(":"));
  const ownNamespace = await context.namespace();
  const unique = (name: string) => [...new Set(flags.list(name))].sort();
  await changeObjects(context, {
    ...begun,
    manager: flags.text("field-manager"),
    operation: "subjects updated",
    needsNames: true,
    flow: "atomic",
    refusal: "failed to patch subjects to rolebinding:",
    check() {
      if (flags.bool("local") && flags.text("dry-run") === "server")
        throw new Error("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
      if (flags.bool("all") && flags.text("selector") !== "") throw new Error("cannot set --all and --selector at the same time");
      if (["user", "group", "serviceaccount"].every((name) => flags.list(name).length === 0))
        throw new Error("you must specify at least one value of user, group or serviceaccount");
      if (accounts.some((parts) => parts.length !== 2 || parts[1] === "")) throw new Error("serviceaccount must be <namespace>:<name>");
    },
    change({ info, object }) {
      if (info.group !== GROUP || !["RoleBinding", "ClusterRoleBinding"].includes(info.kind)) {
        // Without a server kubectl knows no resource names: it prints the object, with the line's end.
        const what = flags.bool("local") ? `${singularName(info)}/${object.metadata.name}\n` : `${info.resource}/${object.metadata.name}`;
        throw new Error(`error: ${what} setting subjects is only supported for RoleBinding/ClusterRoleBinding\n`);
      }
      if (info.kind === "ClusterRoleBinding" && accounts.some(([namespace]) => namespace === ""))
        throw new Error("serviceaccount must be <namespace>:<name>, namespace must be specified");
      const wanted: Subject[] = [
        ...unique("user").map((name) => ({ apiGroup: GROUP, kind: "User", name })),
        ...unique("group").map((name) => ({ apiGroup: GROUP, kind: "Group", name })),
        ...unique("serviceaccount").map((text) => {
          const [namespace = "", name = ""] = text.split(":");
          return { kind: "ServiceAccount", name, namespace: namespace || ownNamespace };
        }),
      ];
      const subjects = (object["subjects"] ?? []) as Subject[];
      const added = wanted.filter((subject) => !subjects.some((known) => sameJson(known, subject)));
      return added.length === 0 ? undefined : ({ ...object, subjects: [...subjects, ...added] } as ApiObject);
    },
  });
}
