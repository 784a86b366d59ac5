import { type FieldError, invalid, notSupported, required, tooLong } from "../field-errors.ts";
import type { IngressClass } from "../generated/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";

const CONTROLLER_MAX = 250;

/** Upstream: pkg/registry/networking/ingressclass, ValidateIngressClass */
export const ingressClasses: Kind<IngressClass> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  singular: "ingressclass",
  namespaced: false,
  hasGeneration: true,
  schema: { package: "networking/v1", type: "IngressClass" },
  setDefaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= "Cluster";
  },
  validate: ({ spec }) => [...validateController(spec.controller ?? ""), ...validateParameters(spec.parameters)],
  validateUpdate: ({ spec }, old) =>
    spec.controller === old.spec.controller ? [] : [invalid("spec.controller", spec.controller, "field is immutable")],
  columns: [
    text("Controller", "Who serves its ingresses.", ({ spec }) => spec.controller ?? ""),
    text("Parameters", "Where its settings are.", ({ spec: { parameters } }) =>
      parameters ? [parameters.apiGroup, parameters.kind].filter(Boolean).reverse().join(".") + `/${parameters.name}` : "<none>",
    ),
    age(),
  ],
};

function validateController(controller: string): FieldError[] {
  if (controller.length > CONTROLLER_MAX) return [tooLong("spec.controller", CONTROLLER_MAX)];
  if (!controller) return [required("spec.controller")];
  return controller.includes("/") ? [] : [invalid("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")')];
}

function validateParameters(parameters: IngressClass["spec"]["parameters"]): FieldError[] {
  if (!parameters) return [];
  const errors: FieldError[] = [];
  if (!parameters.kind) errors.push(required("spec.parameters.kind", "kind is required"));
  if (!parameters.name) errors.push(required("spec.parameters.name", "name is required"));
  if (!["Cluster", "Namespace"].includes(parameters.scope ?? ""))
    errors.push(notSupported("spec.parameters.scope", parameters.scope, ["Cluster", "Namespace"]));
  if (parameters.scope === "Namespace" && !parameters.namespace)
    errors.push(required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'"));
  return errors;
}
