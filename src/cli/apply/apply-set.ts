import { createHash } from "node:crypto";
import { isNotFound, StatusError } from "../../api/status.ts";
import { klogHead } from "../../host/cli-host.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { apiVersionOf, groupResourceOf, pathOf, preferred, type ResourceInfo } from "../connection/discovery.ts";
import { dryRunQuery } from "../dry-run.ts";
import { messageOf, throwAll } from "../errors.ts";
import { CLIENT_VERSION } from "../connection/client-version.ts";
import { fieldValidation } from "../report.ts";
import type { ApiObject, Target } from "../objects/resources.ts";
import type { Applying } from "./applying.ts";

const TOOLING = "applyset.kubernetes.io/tooling";
const NAMESPACES = "applyset.kubernetes.io/additional-namespaces";
const KINDS = "applyset.kubernetes.io/contains-group-kinds";
const RESOURCES = "applyset.kubernetes.io/contains-group-resources";
const ID = "applyset.kubernetes.io/id";
const PART_OF = "applyset.kubernetes.io/part-of";
const PARENT_TYPE = "applyset.kubernetes.io/is-parent-type";
const TOOL = "kubectl";
const MANAGER = "kubectl-applyset";

/** Kinds by their names as the annotation has them, and namespaces: where members of a set are. */
interface Reach {
  readonly kinds: ReadonlyMap<string, ResourceInfo>;
  readonly namespaces: ReadonlySet<string>;
}

const NOWHERE: Reach = { kinds: new Map(), namespaces: new Set() };

/** What is applied and pruned together; an object, the parent, remembers where its members are. Upstream: pkg/cmd/apply/applyset.go */
export class ApplySet {
  readonly #parent: Parent;
  #current = NOWHERE;
  #updated = NOWHERE;

  private constructor(parent: Parent) {
    this.#parent = parent;
  }

  /** The set of --applyset. Upstream: ParseApplySetParentRef */
  static async parse(context: CommandContext): Promise<ApplySet> {
    const text = context.flags.text("applyset");
    const cut = text.indexOf("/");
    const [type, name] = cut < 0 ? ["secrets", text] : [text.slice(0, cut), text.slice(cut + 1)];
    const refuse = (reason: string) => new Error(`invalid parent reference ${JSON.stringify(text)}: ${reason}`);
    if (name === "") throw refuse("name cannot be blank");
    const info = await (await context.discovery()).find(type);
    const [resource, ...group] = type.split(".");
    if (!info) throw refuse(`no matches for ${group.join(".")}/, Resource=${resource}`);
    const { namespace, explicitNamespace } = await context.connection();
    return new ApplySet({ info, name, namespace: explicitNamespace && info.namespaced ? namespace : "" });
  }

  get id(): string {
    const { name, namespace, info } = this.#parent;
    const hash = createHash("sha256").update([name, namespace, info.kind, info.group].join(".")).digest("base64url");
    return `applyset-${hash}-v1`;
  }

  async validate(context: CommandContext): Promise<void> {
    const { info, namespace } = this.#parent;
    const errors: Error[] = [];
    if (info.namespaced && namespace === "") errors.push(new Error("namespace is required to use namespace-scoped ApplySet"));
    if (!isBuiltIn(info)) {
      const allowed = await allowedParents(context).catch((error: unknown) => {
        errors.push(new Error(`identifying allowed custom resource parent types: ${messageOf(error)}`));
        return new Set<string>();
      });
      if (!allowed.has(groupResourceOf(info)))
        errors.push(new Error(`resource "${apiVersion(info)}, Resource=${info.resource}" is not permitted as an ApplySet parent`));
    }
    throwAll(errors);
  }

  /** The targets as members of the set. */
  labeled(targets: readonly Target[]): Target[] {
    return targets.map((target) => {
      const manifest = target.manifest as ApiObject;
      const { labels } = manifest.metadata;
      if (labels?.[PART_OF] !== undefined) throw new Error(`ApplySet label ${JSON.stringify(PART_OF)} already set in input data`);
      return { ...target, manifest: { ...manifest, metadata: { ...manifest.metadata, labels: { ...labels, [PART_OF]: this.id } } } };
    });
  }

  /** The parent comes to cover what is about to be applied: then nothing is lost should we be interrupted. */
  async beforeApply(applying: Omit<Applying, "report">, targets: readonly Target[]): Promise<void> {
    this.#current = await this.#fetch(applying.context);
    this.#updated = {
      kinds: new Map(targets.map(({ info }) => [groupKindOf(info), info])),
      namespaces: new Set(targets.flatMap(({ info, namespace }) => (info.namespaced && namespace ? [namespace] : []))),
    };
    await this.#updateParent(applying, {
      kinds: new Map([...this.#current.kinds, ...this.#updated.kinds]),
      namespaces: new Set([...this.#current.namespaces, ...this.#updated.namespaces]),
    });
  }

  /** Deletes the members that were not applied. When that fails, the parent still covers them. */
  async prune(applying: Applying, kept: ReadonlySet<string | undefined>): Promise<void> {
    const { pruneMembers } = await import("./apply-set-pruner.ts");
    await pruneMembers(applying, { ...this.#current, selector: `${PART_OF}=${this.id}`, kept });
    try {
      await this.#updateParent(applying, this.#updated);
    } catch (error) {
      throw new Error(`apply and prune succeeded, but ApplySet update failed: ${messageOf(error)}`, { cause: error });
    }
  }

  async #fetch(context: CommandContext): Promise<Reach> {
    const { info, namespace } = this.#parent;
    const shown = JSON.stringify(shownParent(this.#parent));
    let object: ApiObject;
    try {
      object = await (await context.client()).get<ApiObject>(parentPath(this.#parent));
    } catch (error) {
      if (!isNotFound(error)) throw new Error(`failed to fetch ApplySet parent object ${shown}: ${messageOf(error)}`, { cause: error });
      if (!isBuiltIn(info)) throw new Error("custom resource ApplySet parents cannot be created automatically", { cause: error });
      return NOWHERE;
    }
    const { labels = {}, annotations = {} } = object.metadata;
    this.#checkOwner(shown, labels, annotations);
    const kinds = await parseKinds(context, annotations).catch((error: unknown) => {
      throw new Error(`parsing ApplySet annotation on ${shown}: ${messageOf(error)}`, { cause: error });
    });
    const namespaces = (annotations[NAMESPACES] ?? "").split(",").filter((name, _, all) => name !== "" || all.length > 1);
    return { kinds, namespaces: new Set([...namespaces, ...(info.namespaced ? [namespace] : [])]) };
  }

  #checkOwner(shown: string, labels: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>>): void {
    const tooling = annotations[TOOLING];
    if (tooling === undefined)
      throw new Error(`ApplySet parent object ${shown} already exists and is missing required annotation ${JSON.stringify(TOOLING)}`);
    const tool = tooling.includes("/") ? tooling.slice(0, tooling.lastIndexOf("/")) : tooling;
    if (tool !== TOOL)
      throw new Error(
        `ApplySet parent object ${shown} already exists and is managed by tooling ${JSON.stringify(tool)} instead of ${JSON.stringify(TOOL)}`,
      );
    const id = labels[ID];
    if (id === undefined) throw new Error(`ApplySet parent object ${shown} exists and does not have required label ${ID}`);
    if (id !== this.id)
      throw new Error(
        `ApplySet parent object ${shown} exists and has incorrect value for label ${JSON.stringify(ID)} (got: ${id}, want: ${this.id})`,
      );
  }

  async #updateParent(applying: Omit<Applying, "report">, reach: Reach): Promise<void> {
    if (applying.dryRun === "client") return;
    try {
      await this.#sendParent(applying, reach, false);
    } catch (error) {
      throw new Error(`failed to update ApplySet: ${messageOf(error)}`, { cause: error });
    }
  }

  async #sendParent(applying: Omit<Applying, "report">, reach: Reach, force: boolean): Promise<void> {
    const { context, dryRun } = applying;
    const client = await context.client();
    try {
      await client.json("PATCH", parentPath(this.#parent), {
        query: { fieldManager: MANAGER, fieldValidation: fieldValidation(context), force, ...dryRunQuery(dryRun) },
        body: this.#parentBody(reach),
        contentType: "application/apply-patch+yaml",
      });
    } catch (error) {
      if (force || !(error instanceof StatusError && error.reason === "Conflict")) throw error;
      context.io.err(
        `${klogHead("W", "applyset.go:447")} WARNING: failed to update ApplySet: ${error.message}\nApplySet field manager ${MANAGER} should own these fields. Retrying with conflicts forced.\n`,
      );
      await this.#sendParent(applying, reach, true);
    }
  }

  #parentBody({ kinds, namespaces }: Reach): Json {
    const { info, name, namespace } = this.#parent;
    return {
      kind: info.kind,
      apiVersion: apiVersionOf(info),
      metadata: {
        name,
        ...(namespace === "" ? {} : { namespace }),
        annotations: {
          [TOOLING]: `${TOOL}/${CLIENT_VERSION}`,
          [KINDS]: [...kinds.keys()].sort().join(","),
          [NAMESPACES]: [...namespaces]
            .filter((each) => each !== namespace)
            .sort()
            .join(","),
        },
        labels: { [ID]: this.id },
      },
    };
  }
}

interface Parent {
  readonly info: ResourceInfo;
  readonly name: string;
  /** "" for kinds without, and when no --namespace was given. */
  readonly namespace: string;
}

const parentPath = ({ info, namespace, name }: Parent) => pathOf(info, namespace || undefined, name);
const shownParent = ({ info, name }: Parent) => `${info.resource}.${info.group}/${name}`;
const apiVersion = ({ group, version }: ResourceInfo) => `${group}/${version}`;
const groupKindOf = ({ group, kind }: ResourceInfo) => (group === "" ? kind : `${kind}.${group}`);
const isBuiltIn = ({ group, resource }: ResourceInfo) => group === "" && (resource === "secrets" || resource === "configmaps");

/** Definitions say by a label that their objects can be parents; they are named as their resource is. */
async function allowedParents(context: CommandContext): Promise<Set<string>> {
  const client = await context.client();
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { items } = await client.get<{ items?: ApiObject[] | null }>(path, { labelSelector: PARENT_TYPE });
  return new Set((items ?? []).map(({ metadata }) => metadata.name ?? ""));
}

/** Upstream: parseKindAnnotation, parseDeprecatedResourceAnnotation */
async function parseKinds(context: CommandContext, annotations: Readonly<Record<string, string>>): Promise<Map<string, ResourceInfo>> {
  const text = annotations[KINDS];
  const resources = annotations[RESOURCES];
  if (text === undefined && !resources)
    throw new Error(`kubectl requires the ${JSON.stringify(KINDS)} annotation to be set on all ApplySet parent objects`);
  const discovery = await context.discovery();
  const found = new Map<string, ResourceInfo>();
  for (const name of split(text ?? resources ?? "")) {
    const [first = "", ...rest] = name.split(".");
    const group = rest.join(".");
    const info = text === undefined ? await discovery.find(name) : await findKind(context, group, first);
    if (info) found.set(groupKindOf(info), info);
    else if (text === undefined)
      throw new Error(`invalid group resource in ${JSON.stringify(RESOURCES)} annotation: no matches for ${group}/, Resource=${first}`);
    else
      throw new Error(
        `could not find mapping for kind in ${JSON.stringify(KINDS)} annotation: no matches for kind ${JSON.stringify(first)} in group ${JSON.stringify(group)}`,
      );
  }
  return found;
}

const split = (text: string) => (text === "" ? [] : text.split(","));

async function findKind(context: CommandContext, group: string, kind: string): Promise<ResourceInfo | undefined> {
  const discovery = await context.discovery();
  const isIt = (info: ResourceInfo) => info.group === group && info.kind === kind;
  return preferred(await discovery.resources()).find(isIt) ?? preferred(await discovery.refresh()).find(isIt);
}
