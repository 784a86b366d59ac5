import type { Case, CaseGroup } from "../case.ts";

const LIMITS = "kubectl lists the resources of a limit in the order of a Go map, another one every time; ours is by name";
const KINDS =
  "po deploy rs rc sts ds job cj svc ep endpointslices ing ingressclass netpol cm secret sa ns no pv pvc sc hpa pdb role rolebinding clusterrole clusterrolebinding pc lease csr csidriver csinode runtimeclass podtemplate controllerrevision events apiservice servicecidrs ipaddresses flowschemas prioritylevelconfigurations".split(
    " ",
  );
const every: Case[] = KINDS.map((kind) => ({ command: `describe ${kind}`, ...(kind === "ns" ? { differs: LIMITS } : {}) }));

export const describeCases: CaseGroup = {
  name: "describe",
  mode: "read",
  cases: [
    ...every,
    "describe quota -n shop",
    { command: "describe limits -n shop", differs: LIMITS },
    { command: "describe ns shop", differs: LIMITS },
    "describe po plain",
    "describe po/plain svc/web",
    "describe po plain two",
    "describe po nope",
    "describe deploy nope",
    "describe po pl",
    "describe po web-",
    "describe po -l app=web",
    "describe po -l nope=nope",
    "describe po -n empty",
    "describe po -A",
    "describe po plain --show-events=false",
    "describe deploy web --show-events=false",
    "describe all",
    "describe",
    "describe po plain -o yaml",
    "describe nope",
    "describe nope/x",
    "describe po -l a=b plain",
    "describe po,svc -l app=web",
    "describe cm odd",
    "describe no worker1",
    { command: "describe -f x.yaml", files: { "x.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: plain\n" } },
    "describe -f nope.yaml",
    "describe po --chunk-size=1",
    "describe po -A plain",
    "describe sc/fast pv/pv1",
  ],
};
