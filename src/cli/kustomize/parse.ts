import { parseAllDocuments } from "yaml";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";

/** Documents of resource files and patches: YAML 1.2, where `n` and `yes` are texts. The kustomization file itself is read as Kubernetes reads manifests. */
export function parseResources(text: string): unknown[] {
  const documents = parseAllDocuments(text, { version: "1.2", merge: true, uniqueKeys: false, prettyErrors: false });
  // What is wrong is told in go-yaml's words.
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return parseYamlDocuments(text);
  return documents.map((document): unknown => document.toJS()).filter((value) => value !== null && value !== undefined);
}
